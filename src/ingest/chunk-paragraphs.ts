import { type Block, linesOf } from './chunk-blocks.ts';
import { skipSpaces, trimSpaces } from './chunk-spaces.ts';

/** Finds the paragraphs of a plain text: what stands between blank lines. Together they hold everything but white space. */
export function parseParagraphs(text: string): Block[] {
  const paragraphs: Block[] = [];
  let open: { start: number; end: number } | undefined;
  function close(): void {
    if (open) paragraphs.push({ kind: 'paragraph', ...open });
    open = undefined;
  }
  for (const line of linesOf(text)) {
    const start = skipSpaces(text, line.start, line.end);
    if (start === line.end) {
      close();
    } else {
      const end = trimSpaces(text, start, line.end);
      open = { start: open?.start ?? start, end };
    }
  }
  close();
  return paragraphs;
}
