import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readMigrations } from '../../../src/db/migration-files.ts';
import { StartupError } from '../../../src/errors.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'migrations-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function write(files: Record<string, string>): Promise<void> {
  for (const [name, sql] of Object.entries(files)) await writeFile(join(folder, name), sql);
}

describe('readMigrations', () => {
  test('gives the files in order, each with its version, text and sha256', async () => {
    await write({ '0002_b.sql': 'select 2;', '0001_a_first.sql': 'select 1;' });
    const hash = (sql: string) => createHash('sha256').update(sql).digest('hex');
    expect(await readMigrations(folder)).toEqual([
      { version: 1, name: '0001_a_first.sql', sql: 'select 1;', sha256: hash('select 1;'), transactional: true },
      { version: 2, name: '0002_b.sql', sql: 'select 2;', sha256: hash('select 2;'), transactional: true },
    ]);
  });

  test('hashes the bytes of the file, so that a change of white space or of line ends shows', async () => {
    await write({ '0001_a.sql': 'select 1;' });
    const [before] = await readMigrations(folder);
    await write({ '0001_a.sql': 'select 1;\r\n' });
    const [after] = await readMigrations(folder);
    expect(after?.sha256).not.toBe(before?.sha256);
  });

  test.each([
    ['on the first line', '-- no-transaction\ncreate index concurrently i on t (c);', false],
    ['on a later line', '-- Why.\n-- no-transaction  \nselect 1;', false],
    ['with a carriage return', '-- no-transaction\r\nselect 1;', false],
    ['within a sentence, which is no mark', '-- This needs no-transaction or so\nselect 1;', true],
    ['behind a statement, which is no mark', 'select 1; -- no-transaction', true],
    ['nowhere', 'select 1;', true],
  ])('reads the mark `-- no-transaction` %s', async (_, sql, transactional) => {
    await write({ '0001_a.sql': sql });
    expect(await readMigrations(folder)).toMatchObject([{ transactional }]);
  });

  test('leaves other files alone', async () => {
    await write({ '0001_a.sql': 'select 1;', 'README.md': '# x', '0002_b.sql.orig': '' });
    expect(await readMigrations(folder)).toHaveLength(1);
  });

  test.each([
    ['a gap', { '0001_a.sql': '', '0003_c.sql': '' }, /0003_c\.sql is out of order: expected number 2/],
    ['two of one number', { '0001_a.sql': '', '0001_b.sql': '' }, /0001_b\.sql is out of order: expected number 2/],
    ['a start at zero', { '0000_a.sql': '' }, /0000_a\.sql is out of order: expected number 1/],
    ['a name without a number', { 'first.sql': '' }, /first\.sql is out of order/],
    ['a name in capitals', { '0001_A.sql': '' }, /0001_A\.sql is out of order/],
    ['a name with a quote', { "0001_a'b.sql": '' }, /is out of order/],
  ])('refuses %s, and names the file', async (_, files, message) => {
    await write(files as Record<string, string>);
    const reading = readMigrations(folder);
    await expect(reading).rejects.toThrow(message);
    await expect(reading).rejects.toBeInstanceOf(StartupError);
  });

  test('gives the program’s own migrations without an argument', async () => {
    const migrations = await readMigrations();
    expect(migrations[0]?.name).toBe('0001_schema_and_roles.sql');
    expect(migrations[0]?.sql).toBe(
      await readFile(new URL('../../../migrations/0001_schema_and_roles.sql', import.meta.url), 'utf8'),
    );
  });
});
