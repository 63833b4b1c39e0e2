import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { cleanUp, newFolder, run } from './program.ts';

afterAll(cleanUp);

const checkedIn = new URL('../../schema.graphql', import.meta.url);

test('the schema is what is checked in; after a change of it run "npm run schema"', async () => {
  // Settings that would be refused are not read.
  const { status, stdout, stderr } = await run(['schema'], { PORT: 'none' });
  expect([status, stderr]).toEqual([0, '']);
  expect(stdout).toBe(await readFile(checkedIn, 'utf8'));
});

test('the schema is written into a file', async () => {
  const path = join(await newFolder(), 'schema.graphql');
  expect(await run(['schema', '--write', path])).toEqual({ status: 0, stdout: '', stderr: '' });
  expect(await readFile(path, 'utf8')).toBe(await readFile(checkedIn, 'utf8'));
});

test('the subgraph is printed with the directives of federation, or without those of access', async () => {
  const whole = await run(['schema', '--federation']);
  expect(whole.stdout).toMatch(/^extend schema\n {2}@link\(url: "https:\/\/specs\.apollo\.dev\/federation\/v2\.9"/);
  expect(whole.stdout).toContain('@requiresScopes(scopes: [["search"]])');
  const open = await run(['schema', '--federation', '--without-access']);
  expect([open.status, open.stderr]).toEqual([0, '']);
  expect(open.stdout).toContain('@key(fields: "collection externalId")');
  expect(open.stdout).not.toContain('@requiresScopes');
  const alone = await run(['schema', '--without-access']);
  expect([alone.status, alone.stdout]).toEqual([64, '']);
});

test('a file that cannot be written is named', async () => {
  const { status, stderr } = await run(['schema', '--write', '/nonexistent/schema.graphql']);
  expect(status).toBe(1);
  expect(stderr).toMatch(/^tessera: The schema cannot be written: .*\/nonexistent\/schema\.graphql[^\n]*\n$/);
});
