import type pg from 'pg';
import { openPool } from '../src/db/open-pool.ts';
import { vectorParameter } from '../src/db/vector-parameter.ts';
import { openLoadConnection } from './http-load.ts';
import { type Question, trueNearest } from './questions.ts';
import { captureSearch, type RawSearch, sendRaw } from './raw-search.ts';
import { questionsOf, type RetrievalBench } from './retrieval-setup.ts';
import { searchHits, searchRequest } from './search-request.ts';
import { guidesOpening, guidesSearch } from './seed-guides.ts';
import type { SizeClassName } from './size-classes.ts';
import { interleave, median, quantile, recallOf } from './statistics.ts';

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

/** The first one warms up, and is judged by what it found. */
const rounds = 4;

/**
 * Ten nearest passages, one search after the other: Tessera with its whole way over HTTP, against the guides' SQL sent by
 * `pg` in one round trip, which is more than the guides do. In each round each side answers all questions before the next side
 * does: a search of the guides' that reads a hundred megabytes leaves the processor's caches empty behind it, and whoever runs
 * Tessera does not run that beside it.
 */
export async function measureAgainstGuides(bench: RetrievalBench): Promise<ClassResult[]> {
  const connection = openLoadConnection(bench.gateway.url);
  const open = () =>
    openPool({ url: bench.database.gateway, size: 1, statementTimeoutMs: 60_000, onIdleError: () => {} });
  const [own, theirs] = await Promise.all([open(), open()]);
  try {
    const results: ClassResult[] = [];
    for (const { name, tenants } of bench.classes) {
      const questions = questionsOf(bench, name);
      const nearest: string[][] = [];
      const requests: Buffer[] = [];
      const raws: RawSearch[] = [];
      for (const question of questions) {
        nearest.push(await trueNearest(bench.superuser, question));
        requests.push(await searchRequest(bench.gateway, question, 'SEMANTIC', 'CHUNK'));
        raws.push(await captureSearch(own, bench.modelId, question, 'CHUNK'));
      }
      const [tessera = [], tesseraSql = [], guides = []] = await interleave(
        rounds,
        [
          (index: number) => searchHits(connection, requests[index] as Buffer),
          async (index: number) => {
            const rows = await sendRaw(own.pool, raws[index] as RawSearch);
            return rows.slice(0, 10).map(({ chunkId }) => chunkId);
          },
          (index: number) => searchAsGuides(theirs.pool, questions[index] as Question),
        ].map((searchFor) => () => timeEach(questions.length, searchFor)),
      );
      results.push({
        name,
        chunks: tenants[0]?.chunks ?? 0,
        tessera: judge(tessera, nearest),
        tesseraSql: judge(tesseraSql, nearest),
        guides: judge(guides, nearest),
      });
    }
    return results;
  } finally {
    connection.close();
    await Promise.all([own.close(), theirs.close()]);
  }
}

/** What one side found for each question of a round, and in how many milliseconds. */
interface Round {
  readonly found: readonly (readonly string[])[];
  readonly latenciesMs: readonly number[];
}

async function timeEach(count: number, searchFor: (index: number) => Promise<string[]>): Promise<Round> {
  const found: string[][] = [];
  const latenciesMs: number[] = [];
  for (let index = 0; index < count; index++) {
    const started = performance.now();
    found.push(await searchFor(index));
    latenciesMs.push(performance.now() - started);
  }
  return { found, latenciesMs };
}

function judge([first, ...timed]: readonly Round[], nearest: readonly (readonly string[])[]): SideResult {
  const latencies = timed.flatMap(({ latenciesMs }) => latenciesMs);
  const found = first?.found ?? [];
  const rows = found.map(({ length }) => length);
  return {
    p50Ms: median(latencies),
    p95Ms: quantile(latencies, 0.95),
    recall: average(found.map((ids, index) => recallOf(ids, nearest[index] ?? []))),
    leastRows: Math.min(...rows),
    rows: average(rows),
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
