import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeServer, openTestDatabase, type TestDatabase } from '../support/database.ts';
import { type EmbeddingServer, hashedVector, startEmbeddingServer } from '../support/embedding-server.ts';
import { serverEnv } from './gateway-process.ts';
import { ask, cleanUp, newFolder, run, start } from './program.ts';

afterAll(cleanUp);

const dimensions = 256;
const things = ['lamp', 'window', 'kettle', 'chair', 'mirror', 'stove', 'carpet', 'ladder', 'basket', 'clock'];
const places = ['hall', 'attic', 'cellar', 'garden', 'kitchen', 'stable'];

/** One component is the same for every text: none for the first model, and half of each vector for the second. */
function vectorWith(share: 0 | 1) {
  return (text: string): Float32Array => {
    const vector = Float32Array.from([...hashedVector(text, dimensions - 1), share]);
    return vector.map((component) => component / Math.sqrt(1 + share));
  };
}

/** So a cosine of the first model is this one of the second. */
const shifted = (cosine: number) => (cosine + 1) / 2;

describeServer('tessera models compare', () => {
  let db: TestDatabase;
  let servers: EmbeddingServer[];
  let env: Record<string, string>;
  let folder: string;

  beforeAll(async () => {
    db = await openTestDatabase();
    folder = await newFolder();
    servers = await Promise.all(
      ([0, 1] as const).map((share) => startEmbeddingServer({ dimensions, vectorOf: vectorWith(share) })),
    );
    const model = (prefix: string, name: string, index: number) => ({
      [`${prefix}EMBEDDER`]: 'openai',
      [`${prefix}EMBEDDING_BASE_URL`]: servers[index]?.baseUrl ?? '',
      [`${prefix}EMBEDDING_MODEL`]: name,
      [`${prefix}EMBEDDING_DIMENSIONS`]: `${dimensions}`,
    });
    env = { ...serverEnv(db.urls), ...model('', 'plain', 0), ...model('NEXT_', 'shifted', 1) };
    const path = join(folder, 'rooms.jsonl');
    const bodies = places.flatMap((place) => things.map((thing) => `The ${thing} stands in the ${place}.`));
    await writeFile(
      path,
      bodies.map((body, i) => JSON.stringify({ externalId: `${i}`, title: 'Room', body })).join('\n'),
    );
    const stored = await run(['ingest', path, '--tenant', 'alpha', '--no-wait'], env);
    expect(stored.status, stored.stderr).toBe(0);
    expect((await run(['models', 'add', '--tenant', 'alpha'], env)).status).toBe(0);
    const worker = start(['work'], env);
    const isFilled = async () => (await db.owner.query('select 1 from embeddings')).rows.length === 2 * bodies.length;
    for (const endMs = Date.now() + 30_000; !(await isFilled()); await wait(20))
      if (Date.now() > endMs) throw new Error(`The models were not filled within 30 s: ${worker.stderr}`);
    await worker.kill();
  }, 120_000);
  afterAll(async () => {
    await Promise.all(servers.map((server) => server.close()));
    await db.close();
  });

  async function compare(...args: string[]) {
    const { status, stdout, stderr } = await run(['models', 'compare', '--tenant', 'alpha', ...args], env);
    expect(status, stderr).toBe(0);
    return stdout;
  }

  /** Searches for these and stops the gateway. */
  async function searchFor(texts: readonly string[], settings: Record<string, string>) {
    const gateway = start(['serve'], { ...env, ...settings });
    const [, url = ''] = await gateway.waitFor('stderr', /"url":"(http:[^"]+)","msg":"listening"/);
    const { stdout: token } = await run(['token', '--tenant', 'alpha'], env);
    for (const text of texts) {
      const query = `{ search(input: { text: ${JSON.stringify(text)}, mode: SEMANTIC }, first: 3) { ... on SearchConnection { edges { score } } } }`;
      expect(await ask(url, token.trim(), query)).toMatchObject({ data: { search: { edges: [{}, {}, {}] } } });
    }
    expect((await gateway.kill('SIGTERM')).status).toBe(0);
  }

  const searched = things.map((thing, i) => `where is the ${thing} of the ${places[i % places.length]}`);

  test('asks first sentences where no query was kept, as by default none is', async () => {
    await searchFor(searched.slice(0, 2), {});
    const stdout = await compare('--sample', '7');
    expect(stdout).toMatch(/^sentences of passages +7 +7$/m);
    expect(stdout).toContain('No query was kept');
    expect((await db.owner.query('select 1 from query_samples')).rows).toEqual([]);
  }, 60_000);

  test('asks what was searched, kept by a gateway that was stopped, and tells how scores shift', async () => {
    await searchFor(searched, { SAMPLE_QUERIES: '1' });
    const stdout = await compare('--min-score', '0.612');
    expect(stdout).not.toContain('No query was kept');
    expect(stdout).toMatch(/^queries that were searched +10 of 10 +10 of 10$/m);
    // The second model ranks as the first does.
    expect(stdout).toMatch(/^overlap@10 +1\.000 +1\.000$/m);
    expect(stdout).toMatch(/^same first passage +10 of 10 +10 of 10$/m);
    expect(stdout).toMatch(/^first one among the other's ten +1\.000 +1\.000$/m);
    const numbers = (pattern: RegExp) => (pattern.exec(stdout)?.slice(1) ?? []).map(Number);
    const [first = 0, second = 0, mean = 0, , p5 = 0, p95 = 0] = numbers(
      /^cosine of the best hit +([\d.]+) +([\d.]+) +\+([\d.]+) +\+([\d.]+) +\+([\d.]+) +\+([\d.]+)$/m,
    );
    expect(first).toBeGreaterThan(0.1);
    expect(second).toBeCloseTo(shifted(first), 2);
    expect(mean).toBeCloseTo(second - first, 2);
    expect(p5).toBeLessThan(mean);
    expect(p95).toBeGreaterThan(mean);
    const [common = 0] = numbers(/^cosine of passages both found +\+([\d.]+)/m);
    expect(common).toBeGreaterThan(mean);
    expect(stdout).toMatch(/^latency p95 +\d+\.\d ms +\d+\.\d ms$/m);
    const mapped = [...stdout.matchAll(/^ +(-?[\d.]+) +(-?[\d.]+) +[\d.]+ %$/gm)].map(([, from, to]) => [
      Number(from),
      Number(to),
    ]);
    expect(mapped.length).toBeGreaterThan(3);
    expect(mapped.map(([from]) => from)).toContain(0.612);
    // As near as the hits on both sides of it are.
    for (const [from = 0, to] of mapped) expect(Math.abs((to ?? 0) - shifted(from))).toBeLessThan(0.05);
  }, 60_000);

  test('picks some of what was kept, or of a file, at random, and the same ones again', async () => {
    expect(await compare('--sample', '4')).toMatch(/^queries that were searched +4 of 10 +4 of 10$/m);
    const path = join(folder, 'queries.txt');
    const lines = Array.from({ length: 40 }, (_, i) => `the ${things[i % 10]} number ${i}`);
    await writeFile(path, `${lines.join('\n')}\n\n`);
    const asked = async () => {
      const before = servers[0]?.requests.length;
      expect(await compare('--queries', path, '--sample', '6')).toMatch(/^queries of the file +6 of 40 +6 of 40$/m);
      return (servers[0]?.requests.slice(before) ?? []).flatMap(({ body }) => body.input);
    };
    const once = await asked();
    expect(once).toHaveLength(6);
    expect(lines).toEqual(expect.arrayContaining(once));
    expect(once).not.toEqual(lines.slice(0, 6));
    expect(await asked()).toEqual(once);
  }, 60_000);

  test('leaves queries that recall is measured with as well', async () => {
    const tune = (tenant: string, ...args: string[]) => run(['tune', '--tenant', tenant, '--queries', ...args], env);
    for (const args of [['samples'], ['samples', '--candidate']]) {
      const { status, stdout, stderr } = await tune('alpha', ...args);
      expect(status, stderr).toBe(0);
      expect(stdout).toMatch(/^alpha: 60 chunks, tier exact, 10 queries that were searched$/m);
      expect(stdout).toMatch(/^ +64 +- +1\.0000 +1\.0000 /m);
    }
    const { rows } = await db.owner.query('select sample from recall_curves');
    expect(rows).toEqual([{ sample: 10 }, { sample: 10 }]);
    await db.owner.query(`delete from query_samples where draw > (select min(draw) from query_samples)`);
    expect(await tune('alpha', 'samples')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('alpha: fewer than 10 of its queries were kept'),
    });
    expect((await tune('alpha', 'own')).stdout).toMatch(/^alpha: 60 chunks, tier exact, 60 queries$/m);
  }, 60_000);

  test('says what of its options is wrong', async () => {
    const { status, stderr } = await run(['models', 'compare', '--tenant', 'alpha', '--min-score', '1.5'], env);
    expect([status, stderr]).toEqual([64, expect.stringContaining('a number from -1 to 1 such as 0.35 is allowed')]);
  });
});
