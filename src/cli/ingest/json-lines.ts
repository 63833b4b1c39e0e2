import { createReadStream } from 'node:fs';

/** Where a reader stands in a file, behind a line. */
export interface Position {
  /** Lines before it. */
  readonly line: number;
  /** Bytes before it. */
  readonly offset: number;
  /** Records before it, where a record may take several lines. */
  readonly record?: number;
}

export const fileStart: Position = { line: 0, offset: 0 };

/** A line that is not blank. */
export interface JsonLine {
  /** Absent for a line that is longer than {@link longestLineBytes} or not UTF-8: then there is a fault. */
  readonly text?: string;
  readonly fault?: string;
  /** Its number, from 1, is `position.line`. */
  readonly position: Position;
}

/** A document's body of a million characters, every one of them escaped, and the rest of it. */
const longestLineBytes = 16 * 1024 * 1024;
const newline = 0x0a;

/**
 * Reads a file line by line, counting bytes, which readline does not. Holds one line and one piece of the file in memory.
 * @param start behind an earlier line of the same file.
 */
export function readLines(
  path: string,
  start: Position = fileStart,
  options: LineOptions = {},
): AsyncGenerator<JsonLine> {
  return splitLines(createReadStream(path, { start: start.offset }), start, options);
}

export interface LineOptions {
  /** Gives blank lines too, and lines as they are, white space and all: parts of something larger. */
  readonly keepBlank?: boolean;
}

/** The same for what comes from anywhere, such as standard input. */
export async function* splitLines(
  pieces: AsyncIterable<Buffer>,
  start: Position = fileStart,
  { keepBlank = false }: LineOptions = {},
): AsyncGenerator<JsonLine> {
  let { line, offset } = start;
  let parts: Buffer[] = [];
  let sizeBytes = 0;

  const take = (part: Buffer) => {
    sizeBytes += part.length;
    if (sizeBytes <= longestLineBytes) parts.push(part);
  };
  const finish = (): JsonLine => {
    const bytes = Buffer.concat(parts);
    const read = sizeBytes > longestLineBytes ? { fault: tooLong } : decode(bytes, keepBlank);
    parts = [];
    sizeBytes = 0;
    line += 1;
    return { ...read, position: { line, offset } };
  };

  for await (const piece of pieces) {
    let from = 0;
    for (let at = piece.indexOf(newline); at >= 0; at = piece.indexOf(newline, from)) {
      take(piece.subarray(from, at));
      offset += at + 1 - from;
      from = at + 1;
      const read = finish();
      if (keepBlank || read.text !== '') yield read;
    }
    take(piece.subarray(from));
    offset += piece.length - from;
  }
  const last = finish();
  if (last.text !== '') yield last;
}

const tooLong = `it is longer than ${longestLineBytes} bytes, which no document needs.`;
const utf8 = new TextDecoder('utf-8', { fatal: true });

function decode(bytes: Buffer, asItIs: boolean): { text: string } | { fault: string } {
  try {
    const text = utf8.decode(bytes);
    return { text: asItIs ? text : text.trim() };
  } catch {
    return { fault: 'it is not UTF-8.' };
  }
}
