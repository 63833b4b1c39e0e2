import type pg from 'pg';
import { openPool } from '../src/db/open-pool.ts';
import { vectorParameter } from '../src/db/vector-parameter.ts';
import { openLoadConnection } from './http-load.ts';
import { type Question, trueNearest } from './questions.ts';
import { captureSearch, sendRaw } from './raw-search.ts';
import { questionsOf, type RetrievalBench } from './retrieval-setup.ts';
import { searchHits, searchRequest } from './search-request.ts';
import { guidesOpening, guidesSearch } from './seed-guides.ts';
import type { SizeClassName } from './size-classes.ts';
import { median, quantile, recallOf } from './statistics.ts';

/** How one side did on the tenants of one size class. */
export interface SideResult {
  readonly p50Ms: number;
  readonly p95Ms: number;
  /** Of the ten nearest at full precision over all chunks of the tenant. */
  readonly recall: number;
  /** Fewest and average rows that came back, of ten. */
  readonly leastRows: number;
  readonly rows: number;
}

/** Both sides on one size class. */
export interface ClassResult {
  readonly name: SizeClassName;
  readonly chunks: number;
  /** The whole way over HTTP. */
  readonly tessera: SideResult;
  /** Its SQL alone, sent like the guides'. */
  readonly tesseraSql: SideResult;
  readonly guides: SideResult;
}

const rounds = 3;

/**
 * Ten nearest passages, one search after the other: Tessera with its whole way over HTTP, against the guides' SQL sent by
 * `pg` in one round trip, which is more than the guides do.
 */
export async function measureAgainstGuides(bench: RetrievalBench): Promise<ClassResult[]> {
  const connection = openLoadConnection(bench.gateway.url);
  const database = await openPool({
    url: bench.database.gateway,
    size: 1,
    statementTimeoutMs: 60_000,
    onIdleError: () => {},
  });
  try {
    const results: ClassResult[] = [];
    for (const { name, tenants } of bench.classes) {
      const tessera = collect();
      const tesseraSql = collect();
      const guides = collect();
      for (const question of questionsOf(bench, name)) {
        const nearest = await trueNearest(bench.superuser, question);
        const request = await searchRequest(bench.gateway, question, 'SEMANTIC', 'CHUNK');
        const raw = await captureSearch(database, bench.modelId, question, 'CHUNK');
        for (let round = 0; round <= rounds; round++) {
          await tessera.time(round, nearest, () => searchHits(connection, request));
          await tesseraSql.time(round, nearest, async () => {
            const rows = await sendRaw(database.pool, raw);
            return rows.slice(0, 10).map(({ chunkId }) => chunkId);
          });
          await guides.time(round, nearest, () => searchAsGuides(database.pool, question));
        }
      }
      results.push({
        name,
        chunks: tenants[0]?.chunks ?? 0,
        tessera: tessera.result(),
        tesseraSql: tesseraSql.result(),
        guides: guides.result(),
      });
    }
    return results;
  } finally {
    connection.close();
    await database.close();
  }
}

/** Times and judges the searches of one side. Round 0 warms up and is judged only. */
function collect() {
  const latencies: number[] = [];
  const recalls: number[] = [];
  const rows: number[] = [];
  return {
    async time(round: number, nearest: readonly string[], searchFor: () => Promise<string[]>) {
      const started = performance.now();
      const found = await searchFor();
      if (round > 0) latencies.push(performance.now() - started);
      else {
        recalls.push(recallOf(found, nearest));
        rows.push(found.length);
      }
    },
    result: (): SideResult => ({
      p50Ms: median(latencies),
      p95Ms: quantile(latencies, 0.95),
      recall: average(recalls),
      leastRows: Math.min(...rows),
      rows: average(rows),
    }),
  };
}

async function searchAsGuides(pool: pg.Pool, { tenantId, vector }: Question): Promise<string[]> {
  const client = await pool.connect();
  try {
    const [, { rows }] = await Promise.all([
      client.query(guidesOpening(tenantId)),
      client.query<{ id: string }>(guidesSearch, [vectorParameter(vector)]),
      client.query('commit'),
    ]);
    return rows.map(({ id }) => id);
  } finally {
    client.release();
  }
}

function average(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
}
