import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { StartupError } from '../errors.ts';
import { Secret } from './secret.ts';

/** 256 bits, what HS256 asks for (RFC 7518, section 3.2), as 43 characters of base64url. */
const keyBytes = 32;
const keyPattern = /^[A-Za-z0-9_-]{43}$/;

/** How often, and how far apart, an unfinished file is read again: another process has made it and is about to fill it. */
const readAttempts = 25;
const readPauseMs = 20;

/**
 * The key of embedded development mode, from `DATA_DIR/signing-key`, made at the first start (mode 0600). Of several processes
 * that start at once, the one that creates the file decides and the others read its key.
 * @throws {StartupError} when the file cannot be read or made, or holds something else.
 */
export async function readSigningKey(dataDir: string): Promise<Secret> {
  const path = join(dataDir, 'signing-key');
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    const created = createKeyFile(path);
    if (created !== undefined) return created;
    for (let attempt = 0; attempt < readAttempts; attempt++) {
      const text = readFileSync(path, 'utf8').trim();
      if (keyPattern.test(text)) return new Secret(text);
      if (text.length > 43) break;
      await sleep(readPauseMs);
    }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new StartupError(`The signing key ${path} can be neither read nor made: ${reason}.`, { cause, exitCode: 78 });
  }
  throw new StartupError(
    `The signing key ${path} is damaged: expected 43 characters of base64url. Delete the file and a new key is made; tokens signed with the old one stop working.`,
    { exitCode: 78 },
  );
}

/** Creates the file and its key in one synchronous step, or returns `undefined` when the file is there already. */
function createKeyFile(path: string): Secret | undefined {
  let file: number;
  try {
    file = openSync(path, 'wx', 0o600);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return undefined;
    throw error;
  }
  try {
    const text = randomBytes(keyBytes).toString('base64url');
    writeSync(file, `${text}\n`);
    fsyncSync(file);
    return new Secret(text);
  } finally {
    closeSync(file);
  }
}
