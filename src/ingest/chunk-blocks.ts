import { skipSpaces, trimSpaces } from './chunk-spaces.ts';

/**
 * A part of a Markdown or plain text, from its first to its last character that is not white space. An item is a list item
 * or a table row; code is a fenced block with its fences, or the front matter.
 */
export interface Block {
  readonly kind: 'heading' | 'paragraph' | 'item' | 'code';
  readonly start: number;
  readonly end: number;
  /** Level of a heading, 1 to 6. */
  readonly level?: number;
  /** Text of a heading without its marks. */
  readonly title?: string;
}

/** A longer line is prose, whatever it begins with. */
const longestMarkedLine = 200;

const atxHeading = /^ {0,3}(#{1,6})(?:[ \t]+(.*))?$/;
const setextUnderline = /^ {0,3}(?:=+|-+)[ \t]*$/;
const thematicBreak = /^ {0,3}(?:-{3,}|\*{3,}|_{3,})[ \t]*$/;
const fenceStart = /^[ \t]*(`{3,}|~{3,})([^`]*)$/;
const itemStart = /^[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]+\S|^[ \t]*\|/;
const frontMatter = /^\uFEFF?---[ \t]*\r?\n[\w-]+[ \t]*:[\s\S]*?\n---[ \t]*(?=\r?\n|$)/;

/**
 * Finds the blocks of a text, in order; together they hold everything but white space. This is as much of CommonMark as
 * chunks need: fences are recognised at any indentation (they sit in lists), and a heading is one line of at most 200
 * characters.
 */
export function parseBlocks(text: string): Block[] {
  const blocks: Block[] = [];
  let open: { kind: 'paragraph' | 'item'; start: number; end: number; lines: number } | undefined;
  let fence: { mark: string; start: number } | undefined;

  function add(kind: Block['kind'], start: number, end: number, heading?: { level: number; title: string }): void {
    const first = skipSpaces(text, start, end);
    if (first < end) blocks.push({ kind, start: first, end: trimSpaces(text, first, end), ...heading });
  }
  function closeOpen(): void {
    if (open) add(open.kind, open.start, open.end);
    open = undefined;
  }

  function readLine(start: number, end: number): void {
    const line = end - start > longestMarkedLine ? '' : text.slice(start, end);
    if (fence) {
      if (closesFence(line, fence.mark)) {
        add('code', fence.start, end);
        fence = undefined;
      }
      return;
    }
    if (skipSpaces(text, start, end) === end) {
      closeOpen();
      return;
    }
    if (open?.kind === 'paragraph' && open.lines === 1 && setextUnderline.test(line)) {
      const title = text.slice(open.start, open.end).trim();
      if (title.length <= longestMarkedLine) {
        add('heading', open.start, end, { level: line.includes('=') ? 1 : 2, title });
        open = undefined;
        return;
      }
    }
    const heading = atxHeading.exec(line);
    const mark = fenceStart.exec(line)?.[1];
    if (heading) {
      closeOpen();
      add('heading', start, end, { level: heading[1]?.length ?? 1, title: withoutClosingMarks(heading[2] ?? '') });
    } else if (mark !== undefined) {
      closeOpen();
      fence = { mark, start };
    } else if (thematicBreak.test(line)) {
      closeOpen();
      add('paragraph', start, end);
    } else if (itemStart.test(text.slice(start, Math.min(end, start + longestMarkedLine)))) {
      closeOpen();
      open = { kind: 'item', start, end, lines: 1 };
    } else if (open) {
      open.end = end;
      open.lines++;
    } else {
      open = { kind: 'paragraph', start, end, lines: 1 };
    }
  }

  const front = frontMatter.exec(text.slice(0, 20_000))?.[0].length ?? 0;
  add('code', 0, front);
  for (const { start, end } of linesOf(text, front === 0 && text.startsWith('\uFEFF') ? 1 : front))
    readLine(start, end);
  if (fence) add('code', fence.start, text.length);
  closeOpen();
  return blocks;
}

/** Lines from `from` on, without their ends (LF, CR LF or CR). */
export function* linesOf(text: string, from = 0, to = text.length): Generator<{ start: number; end: number }> {
  const lineEnd = /\r\n|\n|\r/g;
  lineEnd.lastIndex = from;
  let start = from;
  for (let match = lineEnd.exec(text); match !== null && match.index < to; match = lineEnd.exec(text)) {
    yield { start, end: match.index };
    start = lineEnd.lastIndex;
  }
  yield { start: Math.min(start, to), end: to };
}

function closesFence(line: string, mark: string): boolean {
  const closing = line.trim();
  return closing.length >= mark.length && closing === mark.charAt(0).repeat(closing.length);
}

/** The closing marks of `## Title ##` are no part of the title; those of `# C#` are. */
function withoutClosingMarks(title: string): string {
  return title.trim().replace(/(?:^|[ \t]+)#+$/, '');
}
