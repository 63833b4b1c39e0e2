import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type GatewayProcess, startGateway } from '../gateway-process.ts';
import { cleanUp, type Finished, newFolder, run } from '../program.ts';
import { balloonLine as line, tallyOf, writeBalloons, writeLines } from './balloons.ts';

let folder: string;
let gateway: GatewayProcess;

beforeAll(async () => {
  folder = await newFolder();
  gateway = await startGateway();
});
afterAll(async () => {
  await gateway?.close();
  await cleanUp();
});

function ingest(path: string, tenant: string, ...options: string[]): Promise<Finished> {
  return run(['ingest', path, '--tenant', tenant, '--url', gateway.url, ...options], gateway.env);
}

function search(tenant: string, text: string): Promise<Finished> {
  const args = ['search', text, '--tenant', tenant, '--url', gateway.url, '--mode', 'keyword', '--first', '1'];
  return run(args, gateway.env);
}

async function counts(tenant: string): Promise<unknown> {
  return (await gateway.askAs<{ tenant: unknown }>(tenant, '{ tenant { documents pendingChunks } }')).tenant;
}

test('documents are stored and embedded, once, and found', async () => {
  const path = await writeBalloons(folder, 'once', 40);
  const first = await ingest(path, 'once', '--collection', 'air', '--batch', '7');
  expect([first.status, first.stderr]).toEqual([0, '']);
  expect(first.stdout).toMatch(
    /^40 documents in [\d.]+ m?s, [\d.,]+ a second: .*\n40 chunks embedded in [\d.]+ m?s, [\d.,]+ a second[.;].*\n$/,
  );
  expect(tallyOf(first.stdout)).toEqual([40, 0, 0, 0]);
  expect(await counts('once')).toEqual({ documents: 40, pendingChunks: 0 });
  const found = await search('once', 'balloon 17');
  expect(found.stdout).toMatch(/^1\. {2}Balloon 17\n {4}[\d.]+ {2}air {2}by words\n/);
  expect((await readdir(folder)).filter((name) => name.includes('progress'))).toEqual([]);
});

test('the same file again changes nothing; a changed line changes its document', async () => {
  const path = await writeBalloons(folder, 'again', 20);
  expect(tallyOf((await ingest(path, 'again')).stdout)).toEqual([20, 0, 0, 0]);
  expect(tallyOf((await ingest(path, 'again')).stdout)).toEqual([0, 0, 20, 0]);
  const lines = Array.from({ length: 20 }, (_, index) => line(index + 1, index === 4 ? { title: 'A zeppelin' } : {}));
  await writeLines(folder, 'again', lines);
  const { stdout } = await ingest(path, 'again');
  expect(tallyOf(stdout)).toEqual([0, 1, 19, 0]);
  expect(stdout).toMatch(/^1 chunk embedded in /m);
  expect(await counts('again')).toEqual({ documents: 20, pendingChunks: 0 });
});

test('a key that comes twice is one document, as its last line has it', async () => {
  const path = await writeLines(folder, 'twice', [line(1), line(2), line(1, { title: 'A later balloon' })]);
  expect(tallyOf((await ingest(path, 'twice')).stdout)).toEqual([2, 1, 0, 0]);
  expect((await search('twice', 'later')).stdout).toMatch(/^1\. {2}A later balloon\n/);
});

test('a wrong line ends the run with its number, after what comes before it is stored', async () => {
  const path = await writeLines(folder, 'wrong', [
    line(1),
    '',
    line(2),
    '{"externalId": "x", "title": "no body"}',
    line(3),
  ]);
  const { status, stdout, stderr } = await ingest(path, 'wrong');
  expect([status, stdout]).toEqual([1, '']);
  expect(stderr).toMatch(
    /^tessera: Line 4: it has no body\. Everything before it is stored\. [^\n]*--skip-invalid\.\n$/,
  );
  expect(await counts('wrong')).toMatchObject({ documents: 2 });

  await writeLines(folder, 'wrong', [line(1), '', line(2), line(4), line(3)]);
  expect(tallyOf((await ingest(path, 'wrong')).stdout)).toEqual([2, 0, 2, 0]);
});

test('wrong lines can be reported and left out', async () => {
  const path = await writeLines(folder, 'skipped', ['{', line(1), '[]', line(2, { color: 'red' }), line(3)]);
  const { status, stdout, stderr } = await ingest(path, 'skipped', '--skip-invalid');
  expect(status).toBe(0);
  expect(tallyOf(stdout)).toEqual([2, 0, 0, 3]);
  expect(stderr.split('\n')).toEqual([
    expect.stringMatching(/^Line 1: it is not JSON \(.*\)\.$/),
    'Line 3: it is JSON, but not an object.',
    expect.stringMatching(/^Line 4: there is no field "color"; /),
    '',
  ]);
});

test('a file that is not there, or a folder of no document, is told before anything is opened', async () => {
  const gone = await ingest('/nonexistent.jsonl', 'a');
  expect([gone.status, gone.stderr]).toEqual([
    1,
    'tessera: /nonexistent.jsonl cannot be read: there is no such file.\n',
  ]);
  const empty = join(folder, 'empty');
  await mkdir(empty);
  const directory = await ingest(empty, 'a');
  expect([directory.status, directory.stderr]).toEqual([
    1,
    `tessera: ${empty} holds no .md, .markdown, .txt or .text file.\n`,
  ]);
});
