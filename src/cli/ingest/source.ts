import { stat } from 'node:fs/promises';
import { readCsv } from './csv-records.ts';
import type { ReadFields } from './document-line.ts';
import { parseObject } from './document-line.ts';
import { listFolder, readFolder } from './folder-files.ts';
import { type Position, readLines } from './json-lines.ts';
import { type FileFacts, readFileFacts } from './progress-file.ts';

/** One document of a source, not yet checked. */
export interface SourceItem {
  readonly fields: ReadFields;
  /** Such as `Line 12` or `notes/sauna.md`. */
  readonly name: string;
  /** Its number, from 0, by which its vector is found in a file beside. */
  readonly row: number;
  /** Behind it. */
  readonly position: Position;
  /** Set where it is wrong in a way that leaves open how many rows it is, so that those behind it may have other numbers. */
  readonly losesCount?: boolean;
}

/** Where documents come from. */
export interface Source {
  /** What a position's `line` counts. */
  readonly unit: 'line' | 'file';
  /** What must be the same for a run to be taken up. */
  readonly facts: FileFacts;
  read(start: Position): AsyncIterable<SourceItem>;
}

/**
 * Opens a folder of Markdown and text, a file of CSV (by its ending) or one of JSON lines.
 * @throws {StartupError} when it cannot be read.
 */
export async function openSource(path: string): Promise<Source> {
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (isFolder) return { unit: 'file', facts: await listFolder(path), read: (start) => readFolder(path, start) };
  const facts = await readFileFacts(path);
  const read = /\.csv$/i.test(path) ? readCsv : readJsonLines;
  return { unit: 'line', facts, read: (start) => read(path, start) };
}

async function* readJsonLines(path: string, start: Position): AsyncGenerator<SourceItem> {
  for await (const { text, fault, position } of readLines(path, start)) {
    const fields = text === undefined ? { fault: fault ?? '' } : parseObject(text);
    yield { fields, name: `Line ${position.line}`, row: position.line - 1, position };
  }
}
