import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readSigningKey } from '../../../src/config/signing-key.ts';

const run = promisify(execFile);
let parent: string;
let dataDir: string;
let path: string;

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'tessera-key-'));
  dataDir = join(parent, 'nested', 'data');
  path = join(dataDir, 'signing-key');
});
afterEach(() => rmSync(parent, { recursive: true, force: true }));

test('the first start makes a key of 32 random bytes that only its owner can read', async () => {
  const key = await readSigningKey(dataDir);
  expect(Buffer.from(key.reveal(), 'base64url')).toHaveLength(32);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(statSync(dataDir).mode & 0o077).toBe(0);
});

test('a later start reads the same key', async () => {
  const first = await readSigningKey(dataDir);
  expect((await readSigningKey(dataDir)).reveal()).toBe(first.reveal());
  expect(readFileSync(path, 'utf8')).toBe(`${first.reveal()}\n`);
});

test('eight processes that start at once agree on one key', async () => {
  const module = new URL('../../../src/config/signing-key.ts', import.meta.url).href;
  const script = `import { readSigningKey } from '${module}'; console.log((await readSigningKey('${dataDir}')).reveal());`;
  const starts = Array.from({ length: 8 }, () => run(process.execPath, ['--input-type=module', '-e', script]));
  const keys = new Set((await Promise.all(starts)).map(({ stdout }) => stdout));
  expect(keys.size).toBe(1);
});

test('a file that another process fills a moment later is waited for', async () => {
  const key = (await readSigningKey(dataDir)).reveal();
  writeFileSync(path, '');
  setTimeout(() => writeFileSync(path, `${key}\n`), 60);
  expect((await readSigningKey(dataDir)).reveal()).toBe(key);
});

test.each(['', 'short', 'x'.repeat(44), `${'x'.repeat(42)}!`])(
  'a damaged file (%j) is refused with the remedy',
  async (text) => {
    await readSigningKey(dataDir);
    writeFileSync(path, text);
    await expect(readSigningKey(dataDir)).rejects.toMatchObject({
      message: expect.stringContaining('Delete the file and a new key is made'),
      exitCode: 78,
    });
  },
);

test('a folder that cannot be made is a startup error with its cause', async () => {
  writeFileSync(join(parent, 'nested'), 'a file in the way');
  chmodSync(parent, 0o700);
  await expect(readSigningKey(dataDir)).rejects.toMatchObject({
    name: 'StartupError',
    message: expect.stringContaining('can be neither read nor made'),
    cause: expect.any(Error),
  });
});
