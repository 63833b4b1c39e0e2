import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { findHolder, lockDataDir } from '../../src/cli/data-dir-lock.ts';
import { cleanUp, impossibleFolder, newFolder } from './program.ts';

afterAll(cleanUp);

const source = fileURLToPath(new URL('../../src/cli/data-dir-lock.ts', import.meta.url));

/** A process that tries to have the folder, says whether it has it, and then lives on. */
async function rival(folder: string) {
  const code = `
    const { lockDataDir } = await import(${JSON.stringify(source)});
    const lock = await lockDataDir(${JSON.stringify(folder)}).catch(() => undefined);
    console.log(lock ? 'mine' : 'refused');
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const kill = async () => {
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  return { pid: child.pid, has: line.toString().trim() === 'mine', kill };
}

test('of several processes that want a folder at once exactly one gets it, and again after that one was killed', async () => {
  const folder = await newFolder();
  for (let round = 0; round < 2; round++) {
    const rivals = await Promise.all(Array.from({ length: 5 }, () => rival(folder)));
    const winners = rivals.filter(({ has }) => has);
    expect(winners).toHaveLength(1);
    expect(await findHolder(folder)).toEqual({ pid: winners[0]?.pid });
    await expect(lockDataDir(folder)).rejects.toThrow(`in use by process ${winners[0]?.pid}.`);
    await Promise.all(rivals.map(({ kill }) => kill()));
    expect(await findHolder(folder)).toBeUndefined();
  }
});

test('a holder can say where it serves, and is gone when it lets go', async () => {
  const folder = await newFolder();
  const lock = await lockDataDir(folder);
  expect(await findHolder(folder)).toEqual({ pid: process.pid });
  await lock.announce('http://127.0.0.1:4000');
  expect(await findHolder(folder)).toEqual({ pid: process.pid, url: 'http://127.0.0.1:4000' });
  await lock.release();
  expect(await findHolder(folder)).toBeUndefined();
  await (await lockDataDir(folder)).release();
});

test('a folder that is not there has no holder, and is made for one', async () => {
  const folder = `${await newFolder()}/deep/down`;
  expect(await findHolder(folder)).toBeUndefined();
  await (await lockDataDir(folder)).release();
  await expect(lockDataDir(impossibleFolder)).rejects.toThrow(`DATA_DIR=${impossibleFolder} cannot be made`);
});
