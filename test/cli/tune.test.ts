import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeServer, openTestDatabase, type TestDatabase } from '../support/database.ts';
import { seedMany } from '../support/seed-many.ts';
import { serverEnv } from './gateway-process.ts';
import { cleanUp, newFolder, run } from './program.ts';

afterAll(cleanUp);

const tableHead = /^ +candidates +ef_search +stage one +recall@10 +p50 ms +p95 ms$/m;
const sample = ['--sample', '10'];

describe('tessera tune on the embedded database', () => {
  test('measures the largest tenant, and says nothing of graphs, which are not there', {
    timeout: 120_000,
  }, async () => {
    const folder = await newFolder();
    const env = { DATA_DIR: join(folder, 'data') };
    const path = join(folder, 'rooms.jsonl');
    const rooms = ['window', 'balcony', 'bath', 'sea', 'garden', 'lift', 'kitchen', 'desk', 'stove', 'stairs'];
    const lines = Array.from({ length: 50 }, (_, n) =>
      JSON.stringify({
        externalId: `${n}`,
        title: `Room ${n}`,
        body: `It has a ${rooms[n % 10]} and a ${rooms[(n * 7) % 9]}.`,
      }),
    );
    await writeFile(path, lines.join('\n'));
    const filled = await run(['ingest', path, '--tenant', 'house'], env);
    expect(filled.status, filled.stderr).toBe(0);
    const svg = join(folder, 'curve.svg');
    const { status, stdout, stderr } = await run(['tune', ...sample, '--svg', svg], env);
    expect(status, stderr).toBe(0);
    expect(stdout).toContain('house: 50 chunks, tier exact, 10 queries');
    expect(stdout).toMatch(tableHead);
    // Breadth is of no effect: neither a row of the table nor a profile has one.
    expect(stdout).toMatch(/^ +20 +- /m);
    expect(stdout).toMatch(/^BALANCED 0\.99 +\d+ candidates, measured [01]\.\d{4}/m);
    expect(stdout.match(/ef_search/g)).toHaveLength(1);
    expect(stdout).not.toContain('graph');
    expect(stdout).toContain(`The curve is drawn in ${svg}.`);
    expect(await readFile(svg, 'utf8')).toMatch(/^<svg [\s\S]*Recall and latency of house[\s\S]*<\/svg>\s*$/);
  });
});

describeServer('tessera tune on a server', () => {
  let db: TestDatabase;
  let env: Record<string, string>;
  const largeChunks = 2_500;

  beforeAll(async () => {
    db = await openTestDatabase({ statementTimeoutMs: 60_000 });
    await seedMany(db.urls.superuser, { small: 60, large: largeChunks });
    env = serverEnv(db.urls);
  });
  afterAll(() => db.close());

  const curvesOf = async () =>
    (
      await db.owner.query<{ tenant: string; model: number; tier: string; chunks: number }>(
        'select tenant_id as tenant, model_id::int as model, tier, chunks from recall_curves order by 1, 2',
      )
    ).rows;
  const crossover = async () =>
    (await db.owner.query(`select value from engine_settings where name = 'tier_crossover'`)).rows;

  test('stores a curve of each tenant with --all, and has nothing to tell a crossover by where nobody has a graph', async () => {
    const svg = join(await newFolder(), 'curve.svg');
    const { status, stdout, stderr } = await run(['tune', '--all', ...sample, '--svg', svg], env);
    expect(status, stderr).toBe(0);
    expect(stdout).toContain(
      'No tenant has a graph, so there is nothing to compare: one is built from 12,000 chunks on.',
    );
    expect(stdout).not.toContain('A graph is worth it');
    for (const tenant of ['small', 'large'])
      expect(await readFile(svg.replace('.svg', `-${tenant}.svg`), 'utf8')).toContain(
        `Recall and latency of ${tenant}`,
      );
    expect(await curvesOf()).toEqual([
      { tenant: 'large', model: 1, tier: 'exact', chunks: largeChunks },
      { tenant: 'small', model: 1, tier: 'exact', chunks: 60 },
    ]);
    expect(await crossover()).toEqual([]);
  });

  test('needs the owner for --build, and names what is not set', async () => {
    const { status, stderr } = await run(['tune', '--build', ...sample], env);
    expect(status).toBe(78);
    expect(stderr).toContain('MIGRATE_DATABASE_URL: not set; building a graph needs');
    expect(await crossover()).toEqual([]);
  });

  test('builds a graph for the largest tenant with --build, tells from it where graphs are worth it, and draws its curve', async () => {
    const svg = join(await newFolder(), 'curve.svg');
    const owned = { ...env, MIGRATE_DATABASE_URL: db.urls.owner };
    const { status, stdout, stderr } = await run(['tune', '--build', ...sample, '--svg', svg], owned);
    expect(status, stderr).toBe(0);
    expect(stderr).toContain(`Building a graph for large, 2,500 chunks.`);
    const told = /^A graph is worth it from ([\d,]+) chunks on: of large \(2,500 chunks\)$/m.exec(stdout);
    const stored = await crossover();
    if (told) expect(stored).toEqual([{ value: Number(told[1]?.replaceAll(',', '')) }]);
    else expect([stderr, stored]).toEqual([expect.stringContaining('could not be told; it stays as it was'), []]);
    expect(stdout).toContain('large: 2,500 chunks, tier hnsw, 10 queries');
    expect(stdout).toMatch(/^ +20 +40 /m);
    expect(await readFile(svg, 'utf8')).toContain('Recall and latency of large');
    expect(await curvesOf()).toContainEqual({ tenant: 'large', model: 1, tier: 'hnsw', chunks: largeChunks });
  });

  test('measures a model beside the one that is searched with --candidate, and has nothing to measure where there is none', async () => {
    const none = await run(['tune', '--candidate', ...sample], env);
    expect([none.status, none.stderr]).toEqual([1, expect.stringContaining('there is nothing to measure')]);
    await db.owner.query(`insert into models (name, dimensions) values ('next', 256)`);
    await db.owner.query(
      `insert into tenant_models (tenant_id, model_id, role) select 'small', id, 'candidate' from models where name = 'next'`,
    );
    await db.owner.query(
      `insert into embeddings (tenant_id, model_id, chunk_id, document_id, coarse, full_vector, dimensions)
       select tenant_id, m.id, chunk_id, document_id, coarse, full_vector, e.dimensions
       from embeddings e, models m where tenant_id = 'small' and model_id = 1 and m.name = 'next'`,
    );
    const { status, stdout, stderr } = await run(['tune', '--candidate', ...sample], env);
    expect(status, stderr).toBe(0);
    expect(stdout).toContain('small: 60 chunks, tier exact, 10 queries');
    expect(stdout).not.toContain('graph');
    expect((await curvesOf()).filter(({ model }) => model !== 1)).toMatchObject([{ tenant: 'small', chunks: 60 }]);
  });

  test('refuses a tenant beside --all, a sample that is too small, and a tenant without vectors', async () => {
    const both = await run(['tune', '--all', '--tenant', 'small'], env);
    expect([both.status, both.stderr]).toEqual([64, expect.stringContaining('one of them is allowed')]);
    expect((await run(['tune', '--sample', '9'], env)).status).toBe(64);
    const nobody = await run(['tune', '--tenant', 'nobody'], env);
    expect([nobody.status, nobody.stderr]).toEqual([1, expect.stringContaining('has 0 vectors')]);
  });
});
