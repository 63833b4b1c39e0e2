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
 * @throws {StartupError} when the first record is none.
 */
export async function* readCsv(path: string, start: Position): AsyncGenerator<SourceItem> {
  const records = readRecords(readLines(path, fileStart, { keepBlank: true }));
  const head = await records.next();
  await records.return(undefined);
  if (head.done || !('cells' in head.value))
    throw new StartupError(`${path} does not begin with the names of its columns.`);
  const { cells: columns, position: behindHead } = head.value;
  const from = start.line === 0 ? { ...behindHead, record: 0 } : start;
  let record = from.record ?? 0;
  for await (const { position, firstLine, ...read } of readRecords(readLines(path, from, { keepBlank: true }))) {
    const fields = 'cells' in read ? toFields(columns, read.cells) : read;
    record += 1;
    yield { fields, name: `Line ${firstLine}`, row: record - 1, position: { ...position, record } };
  }
}

type CsvRecord = ({ readonly cells: readonly string[] } | { readonly fault: string }) & {
  readonly firstLine: number;
  readonly position: Position;
};

async function* readRecords(lines: AsyncIterable<JsonLine>): AsyncGenerator<CsvRecord, undefined> {
  let pending = '';
  let firstLine = 0;
  let isOpen = false;
  let last: Position | undefined;
  for await (const { text, fault, position } of lines) {
    last = position;
    if (!isOpen) firstLine = position.line;
    if (text === undefined) {
      yield { fault: fault ?? '', firstLine, position };
      [pending, isOpen] = ['', false];
      continue;
    }
    pending = isOpen ? `${pending}\n${text}` : text;
    // An even number of quotes: each that opens a cell is closed.
    if (pending === text) isOpen = countQuotes(text) % 2 === 1;
    else if (countQuotes(text) % 2 === 1) isOpen = !isOpen;
    if (isOpen && pending.length <= longestRecord) continue;
    if (isOpen) yield { fault: 'a quote is opened and not closed.', firstLine, position };
    else if (pending.trim() !== '') yield { ...splitCells(pending.replace(/^\ufeff/, '')), firstLine, position };
    [pending, isOpen] = ['', false];
  }
  if (isOpen && last) yield { fault: 'a quote is opened and not closed.', firstLine, position: last };
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
    return { fault: `it has ${cells.length} cells; the first line names ${columns.length} columns.` };
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
