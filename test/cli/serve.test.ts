import { execFile } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { recordedLine, tallyOf, writeBalloons } from './ingest/balloons.ts';
import { ask, cleanUp, newFolder, type Program, run, start, startStranger } from './program.ts';

const execute = promisify(execFile);
const stored = '{ tenant { id documents pendingChunks } }';
const store =
  'mutation { upsertDocuments(input: [{ collection: "notes", externalId: "mine", title: "A zeppelin over the lake", body: "It was silver." }]) { __typename } }';

let env: { DATA_DIR: string; PORT: string };
let server: Program;
let url: string;
let firstStartMs: number;
let token: string;

async function startServer(): Promise<number> {
  const startedMs = performance.now();
  server = start(['serve'], env);
  await server.waitFor('stdout', /Stop with Ctrl\+C/);
  [, url = ''] = /(http:\/\/127\.0\.0\.1:\d+)\/graphql/.exec(server.stdout) ?? [];
  return performance.now() - startedMs;
}

beforeAll(async () => {
  env = { DATA_DIR: await newFolder(), PORT: '0' };
  firstStartMs = await startServer();
  token = /^eyJ\S+$/m.exec(server.stdout)?.[0] ?? '';
});
afterAll(cleanUp);

// The tests of this file are one story: each goes on with the server that the one before it left.

test('the first start loads the demo tenants, and says all that a newcomer needs', async () => {
  expect(server.stdout).toMatch(/Stored \d+ demo documents of 3 tenants\./);
  expect(server.stdout.match(/^eyJ\S+$/gm)).toHaveLength(2);
  expect(server.stderr).toBe('');
  const prose = server.stdout.split('\n').filter((line) => !/^eyJ|^curl /.test(line));
  expect(prose.filter((line) => line.length > 80 && !line.includes(env.DATA_DIR))).toEqual([]);
  expect(await ask(url, token, stored)).toMatchObject({
    data: { tenant: { id: 'alpenrose', documents: expect.any(Number), pendingChunks: 0 } },
  });
});

test('the curl that it prints works when it is pasted', async () => {
  const [line = ''] = /^curl .*$/m.exec(server.stdout) ?? [];
  const { stdout } = await execute('bash', ['-c', line]);
  const { data } = JSON.parse(stdout) as { data: { search: { edges: { node: { title: string } }[] } } };
  const examples = JSON.parse(await readFile(new URL('../../demo/examples.json', import.meta.url), 'utf8'));
  const { tenant, answer } = examples[0];
  const documents = await readFile(new URL(`../../demo/${tenant}.jsonl`, import.meta.url), 'utf8');
  const wanted = documents.split('\n').find((text) => text.includes(`"externalId":"${answer}"`)) ?? '';
  expect(data.search.edges.map(({ node }) => node.title)).toContain(JSON.parse(wanted).title);
});

test('a token of the command line is known to the gateway, with its subject, groups and scopes', async () => {
  const args = [
    'token',
    '--tenant',
    'velocraft',
    '--subject',
    'ann',
    '--group',
    'a',
    '--group',
    'b',
    '--scope',
    'search',
  ];
  const { status, stdout, stderr } = await run(args, env);
  expect([status, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/^eyJ\S+\n$/);
  expect(await ask(url, stdout.trim(), '{ viewer { tenantId subject groups scopes } }')).toMatchObject({
    data: { viewer: { tenantId: 'velocraft', subject: 'ann', groups: ['a', 'b'], scopes: ['search'] } },
  });
  const payload = JSON.parse(Buffer.from(stdout.split('.')[1] ?? '', 'base64url').toString());
  expect(payload.exp - payload.iat).toBe(3600);
});

test('a search finds the running server and prints its hits, of that tenant alone', async () => {
  const args = ['search', 'the', 'shower', 'is', 'only', 'tepid', '--first', '2'];
  const hotel = await run([...args, '--tenant', 'alpenrose'], env);
  expect([hotel.status, hotel.stderr]).toEqual([0, '']);
  expect(hotel.stdout).toMatch(
    /^1\. {2}No hot water in a guest room\n {4}0\.\d{3} {2}handbook {2}by meaning\n {4}https:\S+\n( {4}\S.*\n)+\n2\. {2}\w/,
  );
  expect(hotel.stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
  const clinic = await run([...args, '--tenant', 'lindenhof'], env);
  expect(clinic.stdout).toMatch(/^1\. /);
  expect(clinic.stdout).not.toContain('No hot water');
});

test('a search can be narrowed to a collection, and printed as JSON', async () => {
  const args = ['search', 'water', '--tenant', 'alpenrose', '--json', '--first', '50'];
  const collectionsOf = ({ stdout }: { stdout: string }) =>
    new Set(JSON.parse(stdout).edges.map((edge: { node: { collection: string } }) => edge.node.collection));
  const all = collectionsOf(await run(args, env));
  expect(all.size).toBeGreaterThan(1);
  expect(collectionsOf(await run([...args, '--collection', 'handbook'], env))).toEqual(new Set(['handbook']));
});

test('a search without a hit says so', async () => {
  const args = ['search', 'xyzzy', '--mode', 'keyword', '--tenant', 'alpenrose'];
  expect(await run(args, env)).toEqual({ status: 0, stdout: 'no hits\n', stderr: '' });
});

test('a search at an address needs a token that its gateway knows', async () => {
  const args = ['search', 'water', '--url', url];
  expect((await run([...args, '--token', token], env)).stdout).toMatch(/^1\. /);
  const forged = await run([...args, '--token', `${token}x`], env);
  expect(forged.status).toBe(1);
  expect(forged.stderr).toMatch(/^tessera: [^\n]*token[^\n]*\n$/i);
  const other = await run([...args, '--token', token, '--tenant', 'velocraft'], env);
  expect([other.status, other.stderr]).toEqual([
    64,
    'tessera: The token is one of tenant alpenrose, and --tenant names velocraft.\n',
  ]);
});

test('a gateway that is not there, or is another program, is told in a line', async () => {
  const { port, close } = await startStranger('<html>');
  const args = ['search', 'water', '--tenant', 'a', '--url', `http://127.0.0.1:${port}`];
  const answered = await run(args, env);
  await close();
  expect([answered.status, answered.stderr]).toEqual([
    1,
    `tessera: http://127.0.0.1:${port}/graphql answered 200, and not as a Tessera gateway does. Is the address right?\n`,
  ]);
  const gone = await run(args, env);
  expect(gone.status).toBe(1);
  expect(gone.stderr).toMatch(/^tessera: http:\S+ cannot be reached: connect ECONNREFUSED [^\n]+\n$/);
});

test('a second server on the same folder is refused, with the process that has it', async () => {
  const { status, stderr } = await run(['serve'], env);
  expect(status).toBe(1);
  expect(stderr).toMatch(
    new RegExp(`^tessera: The embedded database in \\S+ is in use by process ${server.pid}\\. [^\\n]+\\n$`),
  );
});

test('SIGTERM ends it with 0 within seconds, and leaves no claim', async () => {
  await ask(url, token, store);
  const startedMs = performance.now();
  const { status, stdout, stderr } = await server.kill('SIGTERM');
  expect([status, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/Stopped\.\n$/);
  expect(performance.now() - startedMs).toBeLessThan(5_000);
  expect(await readdir(env.DATA_DIR)).not.toContain('holder.json');
});

test('the second start is faster and keeps the data', async () => {
  const secondStartMs = await startServer();
  expect(secondStartMs).toBeLessThan(firstStartMs);
  expect(server.stdout).not.toContain('Stored');
  expect((await run(['search', 'zeppelin', '--tenant', 'alpenrose'], env)).stdout).toMatch(
    /^1\. {2}A zeppelin over the lake\n/,
  );
});

test('a start after kill -9 finds everything that was stored', async () => {
  await ask(url, token, store.replaceAll('zeppelin', 'balloon').replace('mine', 'yours'));
  const before = await ask(url, token, stored);
  await server.kill('SIGKILL');
  await startServer();
  expect(server.stderr).toBe('');
  expect(await ask(url, token, stored)).toMatchObject({
    data: { tenant: { ...Object(before.data?.tenant), pendingChunks: 0 } },
  });
  expect((await run(['search', 'balloon', '--tenant', 'alpenrose'], env)).stdout).toMatch(
    /^1\. {2}A balloon over the lake\n/,
  );
});

test('a port that is taken is told in a line, and the folder is free again', async () => {
  await server.kill();
  const { port, close } = await startStranger('');
  const { status, stderr } = await run(['serve'], { ...env, PORT: String(port) });
  await close();
  expect([status, stderr]).toEqual([
    1,
    `tessera: Cannot listen on 127.0.0.1 port ${port}: another program listens there already; set PORT to a free one.\n`,
  ]);
});

test('a claim that names a living process which is not ours holds nobody up, and migrate shows the schema', async () => {
  await writeFile(join(env.DATA_DIR, 'holder.json'), JSON.stringify({ pid: process.pid, url: 'http://127.0.0.1:9' }));
  const { status, stdout, stderr } = await run(['migrate', '--status'], env);
  expect([status, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/"tessera serve" migrates it/);
  expect(stdout).toMatch(/^ +1 {2}0001_\w+\.sql +applied \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/m);
  expect(stdout).not.toContain('pending');
});

test('without a server an import opens the database itself, survives its own kill -9, and embeds what it stored', async () => {
  const path = await writeBalloons(await newFolder(), 'balloons', 120);
  const args = ['ingest', path, '--tenant', 'air'];
  const killed = start([...args, '--batch', '2'], env);
  const reached = await recordedLine(path, 'air', 4);
  await killed.kill('SIGKILL');

  // This process is the only one that could embed.
  const { status, stdout, stderr } = await run([...args, '--no-wait'], env);
  expect(status).toBe(0);
  const from = Number(/^Going on behind line (\d+),/.exec(stderr)?.[1]);
  expect(from).toBeGreaterThanOrEqual(reached);
  const [created, updated, unchanged] = tallyOf(stdout);
  expect([created + unchanged, updated]).toEqual([120 - from, 0]);
  expect(unchanged).toBeLessThanOrEqual(2);
  expect(stdout).toMatch(/^\d+ chunks embedded/m);

  const found = await run(['search', 'balloon number 117', '--tenant', 'air', '--first', '1'], env);
  expect([found.status, found.stderr]).toEqual([0, '']);
  expect(found.stdout).toMatch(/^1\. {2}Balloon 117\n {4}\S+ {2}default {2}by meaning and words\n/);
});
