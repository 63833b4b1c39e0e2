import { counted } from '../../counted.ts';
import { StartupError } from '../../errors.ts';
import type { ReadFields } from './document-line.ts';
import { fileStart, type JsonLine, type Position, readLines } from './json-lines.ts';
import type { SourceItem } from './source.ts';

/** Columns whose cells hold JSON; the others hold text. */
const jsonColumns = new Set(['metadata', 'acl', 'vector', 'vectors']);
/** A record that is longer has a quote that nobody closed. */
const longestRecord = 16 * 1024 * 1024;

/**
 * Reads a file of comma separated values (RFC 4180, UTF-8) whose first record names the columns. A cell that is empty counts as
 * left out. A quoted cell may hold commas, line ends, and quotes, doubled.
 * @throws {StartupError} when the first record is none, or names a column twice.
 */
export async function* readCsv(path: string, start: Position): AsyncGenerator<SourceItem> {
  const records = readRecords(path, fileStart);
  const head = await records.next();
  await records.return(undefined);
  const first = head.done ? { fault: 'it is empty.' } : head.value;
  if ('fault' in first) throw new StartupError(`${path} does not begin with the names of its columns: ${first.fault}`);
  const { cells: columns, position: behindHead } = first;
  const twice = columns.find((name, index) => name !== '' && columns.indexOf(name) !== index);
  if (twice !== undefined)
    throw new StartupError(
      `${path} names the column ${JSON.stringify(twice)} twice, so which of them counts is not known.`,
    );
  const from = start.line === 0 ? { ...behindHead, record: 0 } : start;
  let record = from.record ?? 0;
  for await (const { position, firstLine, isCut, ...read } of readRecords(path, from)) {
    const fields = 'cells' in read ? toFields(columns, read.cells) : read;
    record += 1;
    const item = { fields, name: `Line ${firstLine}`, row: record - 1, position: { ...position, record } };
    yield isCut ? { ...item, losesCount: true } : item;
  }
}

type CsvRecord = ({ readonly cells: readonly string[] } | { readonly fault: string }) & {
  readonly firstLine: number;
  readonly position: Position;
  /** It takes several lines, one of which is wrong, so that where it ends is not known. */
  readonly isCut?: boolean;
};

async function* readRecords(path: string, start: Position): AsyncGenerator<CsvRecord, undefined> {
  let from: Position | undefined = start;
  while (from) from = yield* readUntilCut(readLines(path, from, { keepBlank: true }));
}

/**
 * A wrong record of several lines is most likely one line with a quote too many, and good records behind it. So only its first line
 * is passed by, and the others are read by themselves.
 * @returns where to go on; undefined at the end of the file.
 */
async function* readUntilCut(lines: AsyncIterable<JsonLine>): AsyncGenerator<CsvRecord, Position | undefined> {
  let pending = '';
  let first: Position | undefined;
  for await (const { text, fault, position } of lines) {
    const firstLine = first?.line ?? position.line;
    if (text === undefined) {
      if (first) return yield* cut(first);
      yield { fault: fault ?? '', firstLine, position };
      continue;
    }
    const closes = countQuotes(text) % 2 === 1;
    pending = first ? `${pending}\n${text}` : text;
    // An even number of quotes: each that opens a cell is closed.
    const isOpen = first ? !closes : closes;
    if (isOpen) {
      first ??= position;
      if (pending.length > longestRecord) return yield* cut(first);
      continue;
    }
    if (pending.trim() !== '') {
      const read = splitCells(pending.replace(/^\ufeff/, ''));
      if ('fault' in read && first) return yield* cut(first);
      yield { ...read, firstLine, position };
    }
    [pending, first] = ['', undefined];
  }
  return first && (yield* cut(first));
}

function* cut(first: Position): Generator<CsvRecord, Position> {
  const fault = 'a quote is opened and not closed, or what is behind it is wrong.';
  yield { fault, firstLine: first.line, position: first, isCut: true };
  return first;
}

function countQuotes(text: string): number {
  let count = 0;
  for (let at = text.indexOf('"'); at >= 0; at = text.indexOf('"', at + 1)) count += 1;
  return count;
}

const cell = /(?:"((?:[^"]|"")*)"|([^",]*))(,|$)/gy;

function splitCells(record: string): { cells: string[] } | { fault: string } {
  const cells: string[] = [];
  const line = record.replace(/\r$/, '');
  cell.lastIndex = 0;
  for (;;) {
    const found = cell.exec(line);
    if (!found)
      return { fault: `cell ${cells.length + 1} has a quote in the middle; a cell with quotes stands in quotes.` };
    const [, quoted, plain = '', end] = found;
    cells.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === '') return { cells };
  }
}

function toFields(columns: readonly string[], cells: readonly string[]): ReadFields {
  if (cells.length !== columns.length)
    return {
      fault: `it has ${counted(cells.length, 'cell')}; the first line names ${counted(columns.length, 'column')}.`,
    };
  const value: Record<string, unknown> = {};
  for (const [index, name] of columns.entries()) {
    const text = cells[index] as string;
    if (text === '') continue;
    if (!jsonColumns.has(name)) value[name] = text;
    else {
      try {
        value[name] = JSON.parse(text);
      } catch {
        return { fault: `the column ${name} is not JSON.` };
      }
    }
  }
  return { value };
}
