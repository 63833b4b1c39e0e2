import { createHash } from 'node:crypto';
import type { Dirent } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { StartupError } from '../../errors.ts';
import type { ReadFields } from './document-line.ts';
import type { Position } from './json-lines.ts';
import { namesInOrder } from './names-in-order.ts';
import type { FileFacts } from './progress-file.ts';
import type { SourceItem } from './source.ts';

const documentFile = /\.(?:md|markdown|txt|text)$/i;
/** No document is longer, whatever its characters. */
const largestBytes = 4_000_000;

/** A path below a folder, or of a folder below it that cannot be read. */
interface FoundPath {
  readonly path: string;
  readonly fault?: string;
}

/**
 * Paths below a folder, with `/`, in the order of their names, folder by folder; hidden ones and links are passed by, so that
 * there is an end.
 * @throws what the system says where the folder itself cannot be read.
 */
function* walk(folder: string, prefix = ''): Generator<FoundPath> {
  try {
    for (const { name, isFolder } of namesInOrder(join(folder, prefix), isWanted)) {
      if (isFolder) yield* walk(folder, `${prefix}${name}/`);
      else yield { path: `${prefix}${name}` };
    }
  } catch (error) {
    if (prefix === '') throw error;
    yield { path: prefix, fault: `the folder cannot be read: ${(error as Error).message}.` };
  }
}

function isWanted(entry: Dirent): boolean {
  return entry.isDirectory() || (entry.isFile() && documentFile.test(entry.name));
}

/**
 * What tells a folder's documents from others: their names, sizes and times. Its size is the number of files.
 * @throws {StartupError} when it holds no document, or cannot be read.
 */
export async function listFolder(folder: string): Promise<FileFacts> {
  const hash = createHash('sha256');
  let files = 0;
  let modifiedMs = 0;
  try {
    for (const { path } of walk(folder)) {
      // What cannot be looked at is a wrong line when its turn comes.
      const { size, mtimeMs } = await stat(join(folder, path)).catch(() => ({ size: 0, mtimeMs: 0 }));
      hash.update(`${path}\0${size}\0${mtimeMs}\0`);
      modifiedMs = Math.max(modifiedMs, mtimeMs);
      files += 1;
    }
  } catch (cause) {
    throw new StartupError(`${folder} cannot be read: ${(cause as Error).message}.`, { cause });
  }
  if (files === 0) throw new StartupError(`${folder} holds no .md, .markdown, .txt or .text file.`);
  return { sizeBytes: files, modifiedMs, head: hash.digest('hex') };
}

/** Reads files as documents: the path is the key, and the title is the first heading or else the name. */
export async function* readFolder(folder: string, start: Position): AsyncGenerator<SourceItem> {
  let files = 0;
  for (const { path, fault } of walk(folder)) {
    files += 1;
    if (files <= start.line) continue;
    const fields = fault === undefined ? await readDocumentFile(folder, path) : { fault };
    const item = { fields, name: path, row: files - 1, position: { line: files, offset: files } };
    yield fault === undefined ? item : { ...item, losesCount: true };
  }
}

async function readDocumentFile(folder: string, path: string): Promise<ReadFields> {
  let body: string;
  try {
    const { size } = await stat(join(folder, path));
    if (size > largestBytes) return { fault: `it has ${size} bytes, which no document may.` };
    body = new TextDecoder('utf-8', { fatal: true }).decode(await readFile(join(folder, path)));
  } catch (error) {
    return {
      fault: error instanceof TypeError ? 'it is not UTF-8.' : `it cannot be read: ${(error as Error).message}.`,
    };
  }
  return { value: { externalId: path, title: titleOf(path, body), body } };
}

function titleOf(path: string, body: string): string {
  const [, heading = ''] =
    (/\.(?:md|markdown)$/i.test(path) && /^#{1,6}[ \t]+(.+?)[ \t]*#*[ \t]*\r?$/m.exec(body)) || [];
  return heading.trim().slice(0, 1_000) || basename(path, extname(path));
}
