import { mkdir, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { StartupError } from '../errors.ts';

export interface DataDirLock {
  release(): Promise<void>;
}

/** The data folder belongs to another process that lives. */
export class DataDirInUse extends StartupError {
  override readonly name = 'StartupError';
}

/**
 * Claims the data folder for this process: an embedded database that two processes open at once is damaged. A claim left
 * by a process that is gone is taken over.
 * @throws {DataDirInUse} that names the process which has it.
 */
export async function lockDataDir(dataDir: string): Promise<DataDirLock> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const path = join(dataDir, 'lock');
  const holder = await claim(path);
  if (holder !== undefined) {
    throw new DataDirInUse(
      `The embedded database in ${dataDir} is in use by process ${holder}. Stop that process first, or set DATA_DIR to another folder.`,
    );
  }
  return { release: () => rm(path, { force: true }) };
}

/** @returns the process that has the claim, or undefined once it is ours. */
async function claim(path: string): Promise<number | undefined> {
  for (;;) {
    try {
      const file = await open(path, 'wx', 0o600);
      await file.writeFile(String(process.pid));
      await file.close();
      return undefined;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const holder = Number(await readFile(path, 'utf8').catch(() => ''));
    if (holder > 0 && lives(holder)) return holder;
    await rm(path, { force: true });
  }
}

function lives(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
