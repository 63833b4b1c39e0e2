import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { StartupError } from '../../errors.ts';
import type { ReadFields } from './document-line.ts';
import type { Position } from './json-lines.ts';
import type { FileFacts } from './progress-file.ts';
import type { SourceItem } from './source.ts';

const documentFile = /\.(?:md|markdown|txt|text)$/i;
/** No document is longer, whatever its characters. */
const largestBytes = 4_000_000;

/** Paths below a folder, with `/`, in the order of their names, folder by folder; hidden ones and links are passed by. */
async function* walk(folder: string, prefix = ''): AsyncGenerator<string> {
  const entries = await readdir(join(folder, prefix), { withFileTypes: true });
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue;
    const path = `${prefix}${entry.name}`;
    if (entry.isDirectory()) yield* walk(folder, `${path}/`);
    else if (entry.isFile() && documentFile.test(entry.name)) yield path;
  }
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
    for await (const path of walk(folder)) {
      const { size, mtimeMs } = await stat(join(folder, path));
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
  for await (const path of walk(folder)) {
    files += 1;
    if (files <= start.line) continue;
    const fields = await readDocumentFile(folder, path);
    yield { fields, name: path, row: files - 1, position: { line: files, offset: files } };
  }
}

async function readDocumentFile(folder: string, path: string): Promise<ReadFields> {
  const { size } = await stat(join(folder, path));
  if (size > largestBytes) return { fault: `it has ${size} bytes, which no document may.` };
  let body: string;
  try {
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
