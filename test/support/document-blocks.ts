import { readFileSync } from 'node:fs';

/** Code blocks of a Markdown document that say which file they are: ```` ```ts file=fetch.ts ````. */
export function documentBlocks(path: string): Map<string, string> {
  const text = readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
  const blocks = text.matchAll(/^```\w+ file=(\S+)\n([\s\S]*?)^```$/gm);
  return new Map([...blocks].map(([, name = '', code = '']) => [name, code]));
}
