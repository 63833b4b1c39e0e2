import { createHash } from 'node:crypto';
import { open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { StartupError } from '../../errors.ts';
import type { TenantId } from '../../ids.ts';
import type { KeyedDocument } from './document-line.ts';
import type { Position } from './json-lines.ts';

/** What must be the same for a later run to go on where an earlier one stopped. */
export interface RunIdentity {
  readonly file: FileFacts;
  /** Of the vectors beside it. */
  readonly vectors?: FileFacts;
  readonly tenantId: TenantId;
  readonly collection: string;
  /** Which data it goes to. */
  readonly place: string;
}

export interface FileFacts {
  readonly sizeBytes: number;
  readonly modifiedMs: number;
  /** SHA-256 of its first 64 KiB, in hex. */
  readonly head: string;
}

export interface Progress {
  readonly position: Position;
  /** The last document that was stored: where it is missing, so may be the others. */
  readonly last: Pick<KeyedDocument, 'collection' | 'externalId'>;
  /** Of what was to be embedded so far, for a later run to go on with; absent where nothing was. */
  readonly jobId?: string;
}

export interface ProgressFile {
  readonly path: string;
  /** What an earlier run of the same identity recorded. */
  read(): Promise<Progress | undefined>;
  write(progress: Progress): Promise<void>;
  remove(): Promise<void>;
}

const headBytes = 65_536;

/** @throws {StartupError} when there is no such file, or it is not a plain one. */
export async function readFileFacts(path: string): Promise<FileFacts> {
  try {
    const found = await stat(path);
    if (!found.isFile()) throw new Error('it is not a plain file');
    const file = await open(path);
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(headBytes), 0, headBytes, 0);
      const head = createHash('sha256').update(buffer.subarray(0, bytesRead)).digest('hex');
      return { sizeBytes: found.size, modifiedMs: found.mtimeMs, head };
    } finally {
      await file.close();
    }
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new StartupError(`${path} cannot be read: ${code === 'ENOENT' ? 'there is no such file' : message}.`, {
      cause,
    });
  }
}

/** The record beside the file that a run keeps until it is through. */
export function openProgressFile(file: string, identity: RunIdentity): ProgressFile {
  // Of a folder, beside the folder.
  const path = `${file.replace(/\/+$/, '')}.${identity.tenantId}.progress`;
  return {
    path,
    async read() {
      try {
        const { identity: recorded, progress } = JSON.parse(await readFile(path, 'utf8'));
        return isDeepStrictEqual(recorded, identity) ? (progress as Progress) : undefined;
      } catch {
        return undefined;
      }
    },
    // Written beside and renamed: a run that is killed at any moment leaves a whole record, this one or the last.
    async write(progress) {
      await writeFile(`${path}.new`, JSON.stringify({ identity, progress }));
      await rename(`${path}.new`, path);
    },
    remove: () => rm(path, { force: true }),
  };
}
