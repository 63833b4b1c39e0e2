import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StartupError } from '../errors.ts';

/** Who has a data folder. */
export interface Holder {
  readonly pid: number;
  /** Where it serves, once it does. */
  readonly url?: string;
}

export interface DataDirLock {
  /** Lets other processes know where this one serves. */
  announce(url: string): Promise<void>;
  release(): Promise<void>;
}

/** The data folder belongs to another process that lives. */
export class DataDirInUse extends StartupError {}

/** SQLite's code for a file that another process has locked. */
const busy = 5;
/** {@link findHolder} has the lock for an instant, and a start at that instant is not to fail. */
const patienceMs = 250;

/**
 * Claims the data folder for this process: an embedded database that two processes open at once is damaged.
 *
 * The claim is SQLite's lock on an empty file, which is the operating system's: of several processes exactly one gets it,
 * and it ends with its process however that ends. A file with a process id in it has neither property (two can take over
 * a dead one's claim at once, and ids are used again). Node itself has no call for such locks.
 * @throws {DataDirInUse} that names the process which has it.
 */
export async function lockDataDir(dataDir: string): Promise<DataDirLock> {
  await makeDataDir(dataDir);
  const lock = openLock(dataDir, patienceMs);
  if (!lock) {
    const holder = await readHolderFile(dataDir);
    throw new DataDirInUse(
      `The embedded database in ${dataDir} is in use by ${holder ? `process ${holder.pid}` : 'another process'}. ` +
        'Stop that process first (or wait, if it is about to start or to end), or set DATA_DIR to another folder.',
    );
  }
  await writeHolderFile(dataDir, { pid: process.pid });
  return {
    announce: (url) => writeHolderFile(dataDir, { pid: process.pid, url }),
    release: async () => {
      await rm(holderPath(dataDir), { force: true });
      lock.close();
    },
  };
}

/** The living process that has the folder, if one has it. */
export async function findHolder(dataDir: string): Promise<Holder | undefined> {
  const holder = await readHolderFile(dataDir);
  if (!holder) return undefined;
  const lock = openLock(dataDir, 0);
  lock?.close();
  return lock ? undefined : holder;
}

async function makeDataDir(dataDir: string): Promise<void> {
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new StartupError(`The folder DATA_DIR=${dataDir} cannot be made: ${(cause as Error).message}.`, { cause });
  }
}

/** @returns undefined when another process has it. */
function openLock(dataDir: string, timeout: number): DatabaseSync | undefined {
  const path = join(dataDir, 'lock.sqlite');
  let lock: DatabaseSync | undefined;
  try {
    lock = new DatabaseSync(path, { timeout });
    lock.exec('begin exclusive');
    return lock;
  } catch (cause) {
    lock?.close();
    if ((cause as { errcode?: number }).errcode === busy) return undefined;
    throw new StartupError(`The file ${path} cannot be locked: ${(cause as Error).message}.`, { cause });
  }
}

function holderPath(dataDir: string): string {
  return join(dataDir, 'holder.json');
}

/** Written beside and renamed, so that nobody reads half of it. */
async function writeHolderFile(dataDir: string, holder: Holder): Promise<void> {
  const path = holderPath(dataDir);
  await writeFile(`${path}.new`, JSON.stringify(holder), { mode: 0o600 });
  await rename(`${path}.new`, path);
}

async function readHolderFile(dataDir: string): Promise<Holder | undefined> {
  try {
    return JSON.parse(await readFile(holderPath(dataDir), 'utf8')) as Holder;
  } catch {
    return undefined;
  }
}
