import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { ExampleTab } from '../http/graphiql-page.ts';
import type { DemoExample } from './demo-data.ts';

const folder = fileURLToPath(new URL('../../demo/graphiql/', import.meta.url));

/** Characters of a comment's line: in a window of 1,400 pixels GraphiQL's editor shows a few more. */
const commentWidth = 52;

/** What is put into the examples of a tenant. */
export interface ExampleFacts {
  readonly tenant: string;
  readonly question: DemoExample;
  /** Global ids of the tenant's documents by their external ids. */
  readonly ids: ReadonlyMap<string, string>;
  /** False leaves out examples with a vector: it is of another model. */
  readonly withVectors: boolean;
}

/** Global ids that are well-formed and nobody's. */
const nobody: readonly (readonly [string, string])[] = [
  ['nobody', 'Document'],
  ['no key', 'ApiKey'],
  ['no job', 'Job'],
].map(([name = '', type]) => [name, btoa(`${type}:01890000-0000-7000-8000-000000000000`)]);

/** The worked examples as they are written, in the order of their files; `<id of parking>` and the like are still to be put in. */
export async function readExampleTabs(): Promise<ExampleTab[]> {
  const names = (await readdir(folder)).sort();
  return Promise.all(
    names
      .filter((name) => name.endsWith('.graphql'))
      .map(async (name) => {
        const query = await readFile(`${folder}${name}`, 'utf8');
        const beside = name.replace('.graphql', '.json');
        if (!names.includes(beside)) return { query };
        return { query, variables: JSON.parse(await readFile(`${folder}${beside}`, 'utf8')) };
      }),
  );
}

/** External ids of the documents that the examples name. */
export function namedDocuments(tabs: readonly ExampleTab[]): string[] {
  const named = tabs.flatMap(({ query }) => [...query.matchAll(/<id of ([\w-]+)>/g)].map(([, name = '']) => name));
  return [...new Set(named)];
}

/** The worked examples of a tenant. One that names a document which the tenant has not is left out. */
export function exampleTabs(tabs: readonly ExampleTab[], facts: ExampleFacts): ExampleTab[] {
  const { tenant, question, ids, withVectors } = facts;
  const values = new Map([
    ['tenant', tenant],
    ['question', question.query],
    ["question's title", question.title],
    ["question's note", question.note],
    ...[...ids, ...nobody].map(([name, id]) => [`id of ${name}`, id] as const),
  ]);
  return tabs.flatMap(({ query, variables }) => {
    if (variables && !withVectors) return [];
    const filled = query.replace(/<([\w' -]+)>/g, (place, name) => values.get(name) ?? place);
    return /<id of /.test(filled) ? [] : [{ query: wrapComment(filled), ...(variables && { variables }) }];
  });
}

/** Breaks the comment in the first line into lines that need no scrolling. */
function wrapComment(query: string): string {
  const [comment = '', ...rest] = query.split('\n');
  const lines = [''];
  for (const word of comment.replace(/^# /, '').split(' ')) {
    const line = lines.at(-1) ?? '';
    if (line.length + word.length >= commentWidth) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return [...lines.map((line) => `# ${line}`), ...rest].join('\n');
}
