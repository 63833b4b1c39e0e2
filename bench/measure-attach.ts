/**
 * What a table that `tessera attach` follows costs the application that writes it, beside the same table that nobody follows; and how
 * soon after the application's commit a row is found by meaning, with nothing else to embed and the built-in embedder.
 *
 *   npm run bench -- attach
 */
import { setTimeout as wait } from 'node:timers/promises';
import type pg from 'pg';
import { parseTenantId } from '../src/ids.ts';
import { attachTable } from '../src/ingest/sources/attach-table.ts';
import { search } from '../src/search/search.ts';
import { type BenchDatabase, openBenchServer, withClient } from './bench-server.ts';
import { openLiveGateway } from './live-gateway.ts';
import { interleave, median, quantile } from './statistics.ts';

const batches = [
  { rows: 1, statements: 1_000 },
  { rows: 1_000, statements: 10 },
];
const rounds = 6;
const commits = 100;
const tenantId = parseTenantId('attach');

const insertInto = (table: string) => `insert into shop.${table} (id, title, body, price)
  select i, 'Article ' || i, repeat('Lamp number ' || i || ' gives a warm light. ', 10), i from generate_series($1::int, $2::int) i`;
const update = (table: string) => `update shop.${table} set body = body || ' Reduced.' where id between $1 and $2`;

export async function benchAttach(): Promise<void> {
  const server = await openBenchServer();
  try {
    const cost = await server.createDatabase('attach_cost');
    await withClient(cost.owner, measureCost);
    await measureLatency(await server.createDatabase('attach_latency'));
  } finally {
    await server.close();
  }
}

async function makeTables(owner: pg.Client, tables: readonly string[]): Promise<void> {
  await owner.query('create schema shop');
  for (const table of tables)
    await owner.query(`create table shop.${table} (id bigint primary key, title text, body text, price numeric)`);
  const columns = { key: ['id'], title: 'title', text: ['body'], metadata: ['price'] };
  await attachTable(owner, { table: 'shop.followed', tenant: tenantId, collection: 'articles', ...columns });
}

/** No worker runs: what it does is not the application's, though it may be the same machine's. */
async function measureCost(owner: pg.Client): Promise<void> {
  await makeTables(owner, ['alone', 'followed']);
  let next = 0;
  for (const { rows, statements } of batches) {
    const write = (table: string) => async () => {
      const from = next;
      next += rows * statements;
      const timed = async (name: string, text: string) => {
        const startedMs = performance.now();
        for (let at = from; at < from + rows * statements; at += rows)
          await owner.query({ name, text, values: [at, at + rows - 1] });
        return (rows * statements * 1_000) / (performance.now() - startedMs);
      };
      return {
        insert: await timed(`insert ${table}`, insertInto(table)),
        update: await timed(`update ${table}`, update(table)),
      };
    };
    const [alone = [], followed = []] = await interleave(rounds, [write('alone'), write('followed')]);
    for (const verb of ['insert', 'update'] as const) {
      const [without, withIt] = [median(alone.map((one) => one[verb])), median(followed.map((one) => one[verb]))];
      const extraUs = (1e6 / withIt - 1e6 / without).toFixed(0);
      console.log(
        `${verb}, ${rows} a statement: ${without.toFixed(0)} rows/s alone, ${withIt.toFixed(0)} followed (${(withIt / without).toFixed(3)}), ${extraUs} us more a row`,
      );
    }
  }
}

async function measureLatency(database: BenchDatabase): Promise<void> {
  const { app, close } = await openLiveGateway(database);
  const principal = { tenantId, subject: 'bench', groups: [], scopes: ['search'] };
  try {
    await withClient(database.owner, async (owner) => {
      await makeTables(owner, ['followed']);
      const took: number[] = [];
      for (let n = 0; n < commits; n++) {
        await wait(50 + ((n * 37) % 300));
        await owner.query(insertInto('followed'), [n, n]);
        const committedMs = performance.now();
        const filter = { externalId: { eq: `${n}` } };
        const isFound = async () => {
          const found = await search(app.deps, principal, { text: 'a lamp', mode: 'SEMANTIC', filter }, { first: 1 });
          return found.hits[0]?.embeddedAt != null;
        };
        while (!(await isFound())) await wait(1);
        took.push(performance.now() - committedMs);
      }
      const figures = [0.5, 0.95, 1].map((share) => `${quantile(took, share).toFixed(0)} ms`);
      console.log(`searchable by meaning after ${figures.join(', ')} (p50, p95, longest of ${commits} commits)`);
    });
  } finally {
    await close();
  }
}
