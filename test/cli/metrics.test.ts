import { readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseTenantId } from '../../src/ids.ts';
import { graphIndexName } from '../../src/tiers/graph-index.ts';
import { describeServer, openTestDatabase, type TestDatabase } from '../support/database.ts';
import { type EmbeddingServer, startEmbeddingServer } from '../support/embedding-server.ts';
import { serverEnv } from './gateway-process.ts';
import { ask, cleanUp, type Program, run, start, until } from './program.ts';

afterAll(cleanUp);

const page = await readFile(new URL('../../docs/metrics.md', import.meta.url), 'utf8');
const documented = new Set([...page.matchAll(/^\| `(tessera_\w+)` \|/gm)].map(([, name]) => name));

/** A process, and what it is measured to do. */
async function startMeasured(command: string, env: Record<string, string>) {
  const program = start([command], { ...env, METRICS_PORT: '0' });
  const [, metricsUrl = ''] = await program.waitFor(
    'stderr',
    /"url":"(http:[^"]+\/metrics)","msg":"metrics are served"/,
  );
  const scrape = async () => (await fetch(metricsUrl)).text();
  return { program, scrape, metricsUrl };
}

const poolSize = 4;
const provider = 'provider="openai",model="text-embedding-test"';

/** The value of a series, written as Prometheus writes it; undefined where there is none. */
function readSeries(text: string, series: string): number | undefined {
  const line = text.split('\n').find((one) => one.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}

describeServer('the metrics of a gateway and a worker', () => {
  let db: TestDatabase;
  let embeddings: EmbeddingServer;
  let env: Record<string, string>;
  let gateway: Awaited<ReturnType<typeof startMeasured>>;
  let worker: Awaited<ReturnType<typeof startMeasured>>;
  let url: string;
  let token: string;

  beforeAll(async () => {
    db = await openTestDatabase();
    embeddings = await startEmbeddingServer();
    env = {
      ...serverEnv(db.urls),
      EMBEDDER: 'openai',
      EMBEDDING_BASE_URL: embeddings.baseUrl,
      EMBEDDING_MODEL: 'text-embedding-test',
      EMBEDDING_DIMENSIONS: '512',
      LIMIT_DOCUMENTS: '3',
      DATABASE_POOL_SIZE: String(poolSize),
    };
    gateway = await startMeasured('serve', env);
    [, url = ''] = await gateway.program.waitFor('stderr', /"url":"(http:[^"]+)","msg":"listening"/);
    const { stdout } = await run(['token', '--tenant', 'house'], env);
    token = stdout.trim();
    worker = await startMeasured('work', env);
  });
  afterAll(async () => {
    const ended = await Promise.all([gateway.program, worker.program].map((program: Program) => program.kill()));
    expect(ended.map(({ status }) => status)).toEqual([0, 0]);
    await embeddings.close();
    await db.close();
  });

  const write = async (...bodies: string[]) => {
    const answer = await ask(
      url,
      token,
      `mutation { upsertDocuments(input: [${bodies.map((body) => `{ collection: "c", externalId: "${body.slice(0, 6)}", title: "A title", body: "${body}" }`)}]) { __typename } }`,
    );
    expect(answer.errors).toBeUndefined();
  };

  /** Scrapes until a series has a value. */
  const reaches = (from: { scrape(): Promise<string> }, series: string, value: number) =>
    until(async () => (readSeries(await from.scrape(), series) === value ? true : undefined));

  test('requests are counted by the code of their outcome, be it before there was any GraphQL in them', async () => {
    const before = readSeries(await gateway.scrape(), 'tessera_requests_total{code="OK"}') ?? 0;
    await ask(url, token, '{ viewer { tenantId } }');
    await ask(url, token, '{ nothing }');
    await ask(url, 'no token', '{ viewer { tenantId } }');
    await fetch(`${url}/graphql`, { method: 'DELETE' });
    await fetch(`${url}/graphql`, { method: 'POST', body: new Uint8Array(5_000_000) });
    await fetch(`${url}/health`);
    const text = await gateway.scrape();
    expect(readSeries(text, 'tessera_requests_total{code="OK"}')).toBe(before + 1);
    expect(readSeries(text, 'tessera_requests_total{code="GRAPHQL_VALIDATION_FAILED"}')).toBe(1);
    expect(readSeries(text, 'tessera_requests_total{code="UNAUTHENTICATED"}')).toBe(1);
    expect(readSeries(text, 'tessera_requests_total{code="BAD_REQUEST"}')).toBe(1);
    expect(readSeries(text, 'tessera_requests_total{code="PAYLOAD_TOO_LARGE"}')).toBe(1);
    expect(readSeries(text, 'tessera_request_duration_seconds_count')).toBe(before + 5);
  });

  test('a search is counted by how it went, and its text by whether it was remembered', async () => {
    const search = (recall: string) =>
      ask(
        url,
        token,
        `{ search(input: { text: "a lift"${recall} }) { __typename ... on SearchConnection { underfilled } } }`,
      );
    await search('');
    await search(', recall: { profile: EXACT }');
    await search(', mode: KEYWORD');
    const text = await gateway.scrape();
    const count = 'tessera_search_duration_seconds_count';
    expect(readSeries(text, `${count}{tier="exact",strategy="covering",profile="BALANCED"}`)).toBe(1);
    expect(readSeries(text, `${count}{tier="none",strategy="full",profile="EXACT"}`)).toBe(1);
    expect(readSeries(text, `${count}{tier="none",strategy="words",profile="BALANCED"}`)).toBe(1);
    expect(readSeries(text, 'tessera_query_vector_lookups_total{result="miss"}')).toBe(1);
    expect(readSeries(text, 'tessera_query_vector_lookups_total{result="hit"}')).toBe(1);
    const asked = `${provider},purpose="query"`;
    expect(readSeries(text, `tessera_embedding_requests_total{${asked},code="OK"}`)).toBe(1);
    expect(readSeries(text, `tessera_embedding_texts_total{${asked}}`)).toBe(1);
    expect(readSeries(text, `tessera_embedding_tokens_total{${asked}}`)).toBeGreaterThan(0);
  });

  test('flights, statements and connections are those of the pool', async () => {
    const flights = 'tessera_database_flight_duration_seconds_count{pool="gateway",kind="read"}';
    const statements = 'tessera_database_statements_total{pool="gateway",kind="read"}';
    const before = await gateway.scrape();
    await ask(
      url,
      token,
      '{ a: documents(first: 1) { edges { cursor } } b: documents(first: 2) { edges { cursor } } }',
    );
    const after = await gateway.scrape();
    const grown = (series: string) => (readSeries(after, series) ?? 0) - (readSeries(before, series) ?? 0);
    expect(grown(flights)).toBeGreaterThanOrEqual(1);
    expect(grown(statements)).toBeGreaterThanOrEqual(grown(flights));
    const connections = (state: string) =>
      readSeries(after, `tessera_database_connections{pool="gateway",state="${state}"}`);
    expect((connections('idle') ?? 0) + (connections('busy') ?? 0)).toBeGreaterThan(0);
    expect(readSeries(after, 'tessera_database_turns_waiting{pool="gateway"}')).toBe(0);
    expect(readSeries(after, 'tessera_tier_indexes{kind="graph",state="valid"}')).toBe(0);
  });

  test('who waits for a connection is seen to wait, and to have waited', async () => {
    const waiting = 'tessera_database_turns_waiting{pool="gateway"}';
    const waited = 'tessera_database_turn_wait_seconds_count{pool="gateway"}';
    const before = readSeries(await gateway.scrape(), waited) ?? 0;
    const holder = new pg.Client(db.urls.owner);
    await holder.connect();
    const asking: Promise<unknown>[] = [];
    try {
      await holder.query('begin; lock table tessera.documents in access exclusive mode');
      for (let i = 0; i < poolSize + 3; i++)
        asking.push(ask(url, token, '{ documents(first: 1) { edges { cursor } } }'));
      await reaches(gateway, waiting, 3);
    } finally {
      await holder.query('rollback');
      await holder.end();
    }
    await Promise.all(asking);
    const after = await gateway.scrape();
    expect(readSeries(after, waiting)).toBe(0);
    expect(readSeries(after, waited)).toBeGreaterThanOrEqual(before + 3);
  });

  test('graphs of large tenants are counted, and those that a build left', async () => {
    const [built, left] = [1, 2].map((modelId) => graphIndexName({ tenantId: parseTenantId('house'), modelId }));
    for (const name of [built, left]) {
      await db.owner.query(`create index ${name} on tessera.embeddings using hnsw (coarse halfvec_ip_ops)
        where tenant_id = 'house' and model_id = 1`);
    }
    await db.owner.query(`update pg_index set indisvalid = false where indexrelid = 'tessera.${left}'::regclass`);
    await reaches(gateway, 'tessera_tier_indexes{kind="graph",state="unfinished"}', 1);
    expect(readSeries(await gateway.scrape(), 'tessera_tier_indexes{kind="graph",state="valid"}')).toBe(1);
    await db.owner.query(`drop index tessera.${built}, tessera.${left}`);
  });

  test('a text that the provider refuses is a dead letter of the gauge, until it is queued again', async () => {
    const dead = 'tessera_outbox_dead_letters{model="text-embedding-test"}';
    embeddings.misbehave({ kind: 'refuseWord', word: 'poison' });
    expect(readSeries(await worker.scrape(), dead)).toBe(0);
    await write('A harmless text.', 'Pure poison.');
    await reaches(worker, 'tessera_embedding_latency_seconds_count', 1);
    for (let tries = 1; tries < 3; tries++) {
      await until(async () => {
        const { rows } = await db.owner.query('select from tessera.embedding_jobs where rejections = $1', [tries]);
        return rows.length === 1 ? true : undefined;
      });
      await db.owner.query('update tessera.embedding_jobs set available_at = now()');
    }
    await reaches(worker, dead, 1);
    const text = await worker.scrape();
    expect(readSeries(text, 'tessera_outbox_waiting_chunks{model="text-embedding-test"}')).toBe(0);
    expect(
      readSeries(text, `tessera_embedding_requests_total{${provider},purpose="document",code="EMBEDDER_REJECTED"}`),
    ).toBeGreaterThanOrEqual(3);
    embeddings.behave();
    await ask(url, token, 'mutation { requeue { requeued } }');
    await reaches(worker, dead, 0);
    await reaches(worker, 'tessera_embedding_latency_seconds_count', 2);
  });

  test('the outbox of a provider that is down is seen to grow and to age, and the circuit to open', async () => {
    embeddings.misbehave({ kind: 'status', status: 500 });
    await write('A text that waits.');
    await reaches(worker, 'tessera_outbox_waiting_chunks{model="text-embedding-test"}', 1);
    await until(async () => {
      const text = await worker.scrape();
      const age = readSeries(text, 'tessera_outbox_oldest_age_seconds{model="text-embedding-test"}') ?? 0;
      return age > 0 && readSeries(text, `tessera_embedding_circuit_open{${provider}}`) === 1 ? true : undefined;
    });
    const text = await worker.scrape();
    expect(readSeries(text, `tessera_embedding_retries_total{${provider},purpose="document"}`)).toBeGreaterThan(0);
    embeddings.behave();
  });

  test('what a limit refuses is counted by the limit', async () => {
    await write('1 one', '2 two', '3 three', '4 four');
    expect(readSeries(await gateway.scrape(), 'tessera_limit_refusals_total{limit="documents"}')).toBe(1);
  });

  test('drift that was there when the worker started is in its first look', async () => {
    await until(async () =>
      readSeries(await worker.scrape(), 'tessera_drift_check_timestamp_seconds') === undefined ? undefined : true,
    );
    expect(readSeries(await worker.scrape(), 'tessera_drift_rows{kind="missing",age="1h"}')).toBe(0);
    const { rowCount } = await db.owner.query(`delete from tessera.embeddings where tenant_id = 'house'`);
    const gone = rowCount ?? 0;
    expect(gone).toBeGreaterThan(1);
    const second = await startMeasured('work', { ...env, METRICS_TENANTS: '1' });
    await reaches(second, 'tessera_drift_rows{kind="missing",age="1h"}', gone);
    expect(readSeries(await second.scrape(), 'tessera_drift_tenant_rows{tenant="house",kind="missing",age="1h"}')).toBe(
      gone,
    );
    await second.program.kill();
  });

  test('docs/metrics.md has every metric, and no other', async () => {
    const told = new Set<string | undefined>();
    for (const one of [gateway, worker])
      for (const [, name] of (await one.scrape()).matchAll(/^# TYPE (tessera_\w+) /gm)) told.add(name);
    expect([...told].toSorted()).toEqual([...documented].toSorted());
  });

  test('no series names a tenant, a text, a subject or an id', async () => {
    for (const one of [gateway, worker])
      expect((await one.scrape()).replaceAll(/^#.*$/gm, '')).not.toMatch(
        /house|poison|harmless|a lift|somebody|[0-9a-f]{8}-[0-9a-f]{4}-/,
      );
  });

  test('the API does not serve them, and without METRICS_PORT nobody does', async () => {
    expect((await fetch(`${url}/metrics`)).status).toBe(404);
    const plain = start(['serve'], env);
    await plain.waitFor('stderr', /"msg":"listening"/);
    expect((await plain.kill()).stderr).not.toContain('metrics');
  });

  test('a port that is taken keeps a gateway from starting, with the variable to set', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as AddressInfo;
    const { status, stderr } = await run(['serve'], { ...env, METRICS_PORT: `${port}` });
    taken.close();
    expect(status).toBe(1);
    expect(stderr).toMatch(/tessera: Cannot serve metrics on 127\.0\.0\.1 port \d+: [^\n]*METRICS_PORT[^\n]*\n$/);
  });
});
