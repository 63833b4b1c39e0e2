import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type GatewayProcess, startGateway } from './gateway-process.ts';
import { cleanUp, newFolder, run } from './program.ts';

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

const tessera = (...args: string[]) => run([...args, '--tenant', 'alpha', '--url', gateway.url], gateway.env);

test('a collection is defined, takes lines with a status and a language, and refuses another language', async () => {
  const defined = await tessera('define', 'books', '--language', 'german', '--attribute', 'year:number');
  expect(defined).toEqual({ status: 0, stdout: 'books: 0 documents, german, year:number\n', stderr: '' });
  const path = join(folder, 'books.jsonl');
  const line = { externalId: 'a', title: 'Ein Buch', body: 'Häuser', metadata: { year: 1999, tags: ['old'] } };
  const lines = [line, { ...line, externalId: 'b', status: 'draft', language: 'french', metadata: { tags: 'old' } }];
  await writeFile(path, lines.map((each) => JSON.stringify(each)).join('\n'));
  expect(await tessera('ingest', path, '--collection', 'books')).toMatchObject({ status: 0, stderr: '' });
  const query = '{ documents { edges { node { externalId status language } } } }';
  const { documents } = await gateway.askAs<{ documents: { edges: { node: object }[] } }>('alpha', query);
  expect(documents.edges.map(({ node }) => node)).toEqual([
    { externalId: 'a', status: 'published', language: 'GERMAN' },
    { externalId: 'b', status: 'draft', language: 'FRENCH' },
  ]);
  const more = await tessera('define', 'books', '--language', 'german', '--attribute', 'tags:text_list');
  expect(more).toEqual({
    status: 0,
    stdout:
      'books: 2 documents, german, tags:text_list\n1 value of stored documents does not fit; filters on its attribute take it as absent.\n',
    stderr: '',
  });
  const refused = await tessera('define', 'books');
  expect([refused.status, refused.stdout]).toEqual([1, '']);
  expect(refused.stderr).toMatch(/^tessera: The collection "books" holds 2 documents .* german, .*english/);
});

test('a collection is told how its chunks are made', async () => {
  const chunks = ['--chunks', 'code', '--chunk-tokens', '64', '--chunk-overlap', '0', '--chunk-context', 'title'];
  expect(await tessera('define', 'source', ...chunks)).toEqual({
    status: 0,
    stdout:
      'source: 0 documents, english, no attributes\nChunks: code, 64 tokens at most, 0 of them repeated, embedded with title.\n',
    stderr: '',
  });
});

test.each([
  [['a', '--chunks', 'pages'], '--chunks received "pages"; auto, markdown, recursive, code, sentence are allowed.'],
  [['a', '--chunk-tokens', '31'], '--chunk-tokens received "31"; a whole number from 32 to 2000 is allowed.'],
  [[], 'The name of the collection is missing.'],
  [['a', 'b'], '"b" is not expected here; one collection is allowed.'],
  [['a', '--language', 'klingon'], '--language received "klingon"; simple, arabic, '],
  [['a', '--attribute', 'year'], '--attribute received "year"; a name and a type such as year:number are allowed.'],
  [['a', '--attribute', 'year:int'], 'The type of --attribute received "int"; text, number, boolean, date, text_list'],
])('a wrong call is refused in a line: %j', async (args, message) => {
  const { status, stderr } = await tessera('define', ...args);
  expect(status).toBe(64);
  expect(stderr).toContain(message);
});
