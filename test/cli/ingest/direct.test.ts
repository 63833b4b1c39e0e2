import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openPool } from '../../../src/db/open-pool.ts';
import { parseTenantId } from '../../../src/ids.ts';
import { notLoadedStatement } from '../../../src/tiers/tier-statements.ts';
import { describeServer } from '../../support/database.ts';
import { type GatewayProcess, startGateway } from '../gateway-process.ts';
import { cleanUp, type Finished, newFolder, run, start, until } from '../program.ts';
import { balloonLine, recordedLine, tallyOf, writeBalloons, writeLines } from './balloons.ts';

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

const overHttp = (path: string, tenant: string, ...options: string[]): Promise<Finished> =>
  run(['ingest', path, '--tenant', tenant, '--url', gateway.url, ...options], gateway.env);
const ingest = (path: string, tenant: string, ...options: string[]): Promise<Finished> =>
  run(['ingest', path, '--tenant', tenant, '--direct', ...options], gateway.env);

async function documentsOf(tenant: string): Promise<unknown[]> {
  const query = '{ documents(first: 50) { edges { node { externalId title body status metadata } } } }';
  const { documents } = await gateway.askAs<{ documents: { edges: { node: unknown }[] } }>(tenant, query);
  return documents.edges.map(({ node }) => node);
}

async function counts(tenant: string): Promise<unknown> {
  return (await gateway.askAs<{ tenant: unknown }>(tenant, '{ tenant { documents chunks pendingChunks } }')).tenant;
}

test('CSV is read by its column names, with quotes, line ends in cells, and the number of a wrong line', async () => {
  const path = join(folder, 'rooms.csv');
  const rows = [
    'externalId,title,body,status,metadata',
    'a,Sauna,"Open until ten,',
    'also on ""Sundays"".",draft,"{""floor"": 1}"',
    'b,Lift,To the roof.',
    'c,Cellar,It floods.,,',
  ];
  await writeFile(path, `\ufeff${rows.join('\r\n')}\r\n`);
  const refused = await overHttp(path, 'rooms');
  expect([refused.status, refused.stderr]).toEqual([
    1,
    'tessera: Line 4: it has 3 cells; the first line names 5 columns. Everything before it is stored. Mend it and run the same command again, or pass --skip-invalid.\n',
  ]);
  const skipped = await overHttp(path, 'rooms', '--skip-invalid');
  expect(skipped.stderr).toContain('Going on behind line 3');
  expect(tallyOf(skipped.stdout)).toEqual([1, 0, 0, 1]);
  expect(await documentsOf('rooms')).toMatchObject([
    { externalId: 'a', body: 'Open until ten,\r\nalso on "Sundays".', status: 'draft', metadata: { floor: 1 } },
    { externalId: 'c', body: 'It floods.', status: 'published' },
  ]);
});

test('of a folder every Markdown and text file is a document, by its path and its heading', async () => {
  const path = join(folder, 'notes');
  await mkdir(join(path, 'deep'), { recursive: true });
  await mkdir(join(path, '.git'));
  await writeFile(join(path, 'b.md'), 'Some words.\n\n## A heading\n\nMore words.\n');
  await writeFile(join(path, 'deep/a.txt'), '# not a heading');
  await writeFile(join(path, 'c.png'), 'not text');
  await writeFile(join(path, '.git/d.md'), 'hidden');
  await writeFile(join(path, 'e.md'), Buffer.from([0xff, 0xfe]));
  const { stdout, stderr } = await overHttp(path, 'notes', '--skip-invalid');
  expect(stderr).toContain('e.md: it is not UTF-8.');
  expect(tallyOf(stdout)).toEqual([2, 0, 0, 1]);
  expect(await documentsOf('notes')).toMatchObject([
    { externalId: 'b.md', title: 'A heading' },
    { externalId: 'deep/a.txt', title: 'a', body: '# not a heading' },
  ]);
});

test('vectors go in with --direct only, and say so', async () => {
  const path = await writeLines(folder, 'vector', [balloonLine(1, { vector: [1] })]);
  const { status, stderr } = await overHttp(path, 'vector');
  expect([status, stderr]).toMatchObject([
    1,
    expect.stringContaining('it comes with vectors, which go in with --direct.'),
  ]);
});

describeServer('tessera ingest --direct', () => {
  test('stores documents that the worker embeds, and tells their rate and WAL', async () => {
    const path = await writeBalloons(folder, 'direct', 30);
    const { status, stdout } = await ingest(path, 'direct', '--batch', '7');
    expect(status).toBe(0);
    expect(tallyOf(stdout)).toEqual([30, 0, 0, 0]);
    expect(stdout).toMatch(
      /^30 chunks, [\d.,]+ a second, 0 of which brought their vectors; the server wrote [\d,]+ bytes of WAL meanwhile, [\d,]+ a chunk\.$/m,
    );
    expect(await counts('direct')).toEqual({ documents: 30, chunks: 30, pendingChunks: 0 });
    expect(tallyOf((await overHttp(path, 'direct')).stdout)).toEqual([0, 0, 30, 0]);
  });

  test('takes vectors from a file beside or from fields, of documents that are in order', async () => {
    const beside = await writeBalloons(folder, 'beside', 5);
    const vectors = `${beside}.f32`;
    await writeFile(vectors, Buffer.concat(Array.from({ length: 5 }, (_, i) => Buffer.from(axis(i).buffer))));
    const stored = await ingest(beside, 'beside', '--vectors', vectors, '--batch', '2');
    expect(stored.stdout).toContain('5 chunks, ');
    expect(stored.stdout).toContain(', 5 of which brought their vectors;');
    const lines = Array.from({ length: 5 }, (_, i) => balloonLine(i + 1, { vector: [...axis(i)] }));
    const inFields = await writeLines(folder, 'fields', lines);
    expect((await ingest(inFields, 'fields')).stdout).toContain(', 5 of which brought their vectors;');
    for (const tenant of ['beside', 'fields']) {
      const vector = JSON.stringify([...axis(3)]);
      const { search } = await gateway.askAs<{ search: { edges: { node: { externalId: string } }[] } }>(
        tenant,
        `{ search(input: { vector: ${vector} }, first: 1) { ... on SearchConnection { edges { node { externalId } } } } }`,
      );
      expect(search.edges[0]?.node.externalId).toBe('balloon-4');
    }
  });

  test.each([
    ['of another length', { vector: [1, 2] }, "The vector has 2 components: this model's vectors have 512."],
    ['with no direction', { vector: Array(512).fill(0) }, 'The vector has no direction'],
    ['that is no list', { vector: 'x' }, 'the field vector is not a list.'],
    [
      'of more chunks than there are',
      { vectors: [[...axis(1)], [...axis(2)]] },
      'it is divided into 1 chunks and comes with 2',
    ],
  ])('a line with a vector %s is wrong, by its number', async (name, change, sentence) => {
    const tenant = name.replaceAll(' ', '-');
    const path = await writeLines(folder, tenant, [balloonLine(1), balloonLine(2, change), balloonLine(3)]);
    const refused = await ingest(path, tenant);
    expect([refused.status, refused.stderr]).toMatchObject([1, expect.stringContaining(`Line 2: ${sentence}`)]);
    const skipped = await ingest(path, tenant, '--skip-invalid', '--restart');
    expect(skipped.stderr).toContain(`Line 2: ${sentence}`);
    expect(tallyOf(skipped.stdout)[3]).toBe(1);
    expect(await counts(tenant)).toMatchObject({ documents: 2, pendingChunks: 0 });
  });

  test('a load that is killed goes on behind the last batch that was whole, and nothing is missing or twice', async () => {
    const path = await writeBalloons(folder, 'killed', 600);
    const vectors = `${path}.f32`;
    await writeFile(vectors, Buffer.concat(Array.from({ length: 600 }, (_, i) => Buffer.from(axis(i % 200).buffer))));
    const args = ['ingest', path, '--tenant', 'killed', '--direct', '--vectors', vectors, '--batch', '3'];
    const killed = start(args, gateway.env);
    await recordedLine(path, 'killed', 10);
    await killed.kill('SIGKILL');
    const reached = JSON.parse(await readFile(`${path}.killed.progress`, 'utf8')).progress.position.line as number;
    expect(reached).toBeLessThan(600);
    const { stdout, stderr } = await run([...args.slice(0, -2)], gateway.env);
    expect(stderr).toContain(`Going on behind line ${reached}`);
    const [created, updated, unchanged] = tallyOf(stdout);
    expect([created + unchanged, updated]).toEqual([600 - reached, 0]);
    expect(unchanged).toBeLessThanOrEqual(6);
    expect(await counts('killed')).toEqual({ documents: 600, chunks: 600, pendingChunks: 0 });
    expect(await run(['reconcile', '--tenant', 'killed'], gateway.env)).toMatchObject({ status: 0 });
  });

  test('keeps graphs from being begun for as long as its process lives', async () => {
    const path = await writeBalloons(folder, 'alone', 600);
    const { DATABASE_URL: url = '' } = gateway.env;
    const pool = await openPool({ url, size: 1, statementTimeoutMs: 5_000, onIdleError: () => {} });
    const isFree = async (tenant: string) => {
      const { sql, parameters } = notLoadedStatement(parseTenantId(tenant)).compile();
      return (await pool.pool.query(sql, [...parameters])).rows[0].isFree;
    };
    const loading = start(['ingest', path, '--tenant', 'alone', '--direct', '--batch', '3'], gateway.env);
    await recordedLine(path, 'alone', 10);
    expect([await isFree('alone'), await isFree('another')]).toEqual([false, true]);
    await loading.kill('SIGKILL');
    expect(await until(async () => (await isFree('alone')) || undefined)).toBe(true);
    await pool.close();
  });

  test('goes to no gateway, and a file of vectors goes with it', async () => {
    const both = await ingest('x.jsonl', 'a', '--url', 'http://127.0.0.1:1');
    expect(both.stderr).toContain('--direct goes to a database; --url and --token go to a gateway.');
    const without = await overHttp('x.jsonl', 'a', '--vectors', 'x.f32');
    expect(without.stderr).toContain('--vectors goes with --direct.');
  });
});

function axis(number: number): Float32Array {
  const vector = new Float32Array(512);
  vector[number] = 1;
  return vector;
}
