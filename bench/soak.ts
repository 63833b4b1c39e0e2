/**
 * A mixed load of edits, deletes and searches for as long as is wanted, on a gateway and a worker in processes of their own and a
 * PostgreSQL with fsync and autovacuum as they come. Once a minute it prints what must not grow and what must not fall, and it
 * ends with what held and what did not. While recall is measured nobody writes.
 *
 *   npm run soak -- --minutes 10
 */
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { issueToken } from '../src/cli/tokens.ts';
import { loadConfig } from '../src/config/load-config.ts';
import type { Database } from '../src/db/database.ts';
import { openPool } from '../src/db/open-pool.ts';
import { parseTenantId } from '../src/ids.ts';
import { mean } from '../src/recall/recall-measures.ts';
import { reviewTiers } from '../src/tiers/review-tiers.ts';
import { openCrashDatabase, withSuperuser } from '../test/crash/crash-database.ts';
import { createRandom } from './random.ts';
import { measure, printMeasures } from './results.ts';
import { fill, type SoakClient, startLoad } from './soak-load.ts';
import { startProcess } from './soak-process.ts';
import { type DatabaseSample, sampleDatabase, sampleRecall } from './soak-sample.ts';
import { createTextSource } from './text-source.ts';

/** Documents of the tenant with a graph, which the load changes, and of one that is searched exactly. */
const [largeCount, smallCount] = [5_000, 1_000];
const crossover = 2_000;
/** The worker may be this far behind two writers that never pause. */
const longestQueue = 2_000;
/** A process that was just started is not yet at its usual size: the first third of a run is what the last is held against. */
const mostGrowth = 1.25;
const mostRecallLost = 0.02;
/** Autovacuum looks once a minute and cleans at 2 % of inserts or dead rows. */
const mostDeadShare = 0.5;
const mostHeapFetches = 0.5;

interface Sample extends DatabaseSample {
  readonly gatewayMb: number;
  readonly workerMb: number;
  readonly recall: number;
}

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '10' } } });
const minutes = Number(values.minutes);
if (!(minutes >= 1)) throw new Error(`--minutes ${values.minutes}: give a number, 1 at least.`);

// What runs beside this process ends with it, also when somebody loses patience.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

const database = await openCrashDatabase(crossover);
try {
  const samples = await soak();
  if (!judge(samples)) process.exitCode = 1;
} finally {
  await database.postgres.remove();
}

async function soak(): Promise<Sample[]> {
  const { superuserUrl } = database;
  // The passages are of the usual size.
  const env: Record<string, string> = { ...database.env, CHUNK_TOKENS: '200', CHUNK_OVERLAP_TOKENS: '40' };
  const config = loadConfig(env);
  const gateway = await startProcess('serve', env, /"msg":"listening"/);
  const worker = await startProcess('work', env, /"msg":"the worker embeds what is written"/);
  const pools = ['DATABASE_URL', 'MIGRATE_DATABASE_URL'].map((name) =>
    openPool({ url: env[name] as string, size: 3, statementTimeoutMs: 600_000, onIdleError: () => {} }),
  );
  const [reader, owner] = (await Promise.all(pools)) as [Database, Database];
  try {
    const texts = createTextSource(1);
    const clientOf = async (tenant: string): Promise<SoakClient> => {
      const request = { tenantId: parseTenantId(tenant), subject: 'soak', groups: [], ttlSeconds: 24 * 3_600 };
      const scopes = ['search', 'documents:read', 'documents:write'] as const;
      return { url: `http://127.0.0.1:${env.PORT}`, token: await issueToken(config, { ...request, scopes }) };
    };
    const [large, small] = [await clientOf('large'), await clientOf('small')];
    await Promise.all([fill(large, largeCount, texts), fill(small, smallCount, createTextSource(2))]);
    return await withSuperuser(superuserUrl, async (superuser) => {
      const untilEmbedded = async () => {
        const query = 'select exists (select from tessera.embedding_jobs) as "isWaiting"';
        while ((await superuser.query<{ isWaiting: boolean }>(query)).rows[0]?.isWaiting) await wait(100);
      };
      await untilEmbedded();
      await superuser.query('vacuum analyze tessera.embeddings');
      await reviewTiers(owner);
      const { rows } = await superuser.query<{ modelId: number; dimensions: number; tier: string }>(
        `select model_id as "modelId", dimensions, tier from tessera.tenant_models join tessera.models on id = model_id
         where tenant_id = 'large'`,
      );
      const [{ modelId, dimensions, tier } = { modelId: 0, dimensions: 0, tier: 'none' }] = rows;
      if (tier !== 'hnsw') throw new Error(`The large tenant is ${tier}, and was to have a graph.`);
      const load = startLoad(large, largeCount, createRandom(3), texts);
      const background = startLoad(small, smallCount / 5, createRandom(4), createTextSource(5));
      const samples: Sample[] = [];
      try {
        console.log(
          'minute  gateway  worker   queue  recall@10  heap fetches of rows  dead of live   written deleted searches',
        );
        for (let minute = 1; minute <= minutes; minute++) {
          await wait(60_000);
          const stored = await sampleDatabase(superuser, reader, 'small', { id: modelId, dimensions });
          const resume = await Promise.all([load.pauseWrites(), background.pauseWrites()]);
          await untilEmbedded();
          const recall = await sampleRecall(reader, 'large', modelId);
          for (const each of resume) each();
          const sample = { ...stored, recall, gatewayMb: await gateway.rssMb(), workerMb: await worker.rssMb() };
          samples.push(sample);
          printSample(minute, sample, load.counts);
        }
      } finally {
        await Promise.all([load.stop(), background.stop()]);
      }
      const failures = load.counts.failures + background.counts.failures;
      if (failures > 0) throw new Error(`${failures} requests failed.`);
      return samples;
    });
  } finally {
    await Promise.all([reader.close(), owner.close()]);
    await Promise.all([gateway.stop(), worker.stop()]);
  }
}

function printSample(minute: number, sample: Sample, counts: { writes: number; deletes: number; searches: number }) {
  const cells = [
    `${minute}`.padStart(6),
    `${sample.gatewayMb.toFixed(0)} MiB`.padStart(9),
    `${sample.workerMb.toFixed(0)} MiB`.padStart(8),
    `${sample.queue}`.padStart(7),
    sample.recall.toFixed(4).padStart(10),
    `${sample.heapFetches} of ${sample.scannedRows}`.padStart(21),
    `${sample.deadRows} of ${sample.liveRows}`.padStart(15),
    `${counts.writes}`.padStart(9),
    `${counts.deletes}`.padStart(7),
    `${counts.searches}`.padStart(8),
  ];
  console.log(cells.join(' '));
}

/** @returns whether everything held. */
function judge(samples: readonly Sample[]): boolean {
  const third = Math.max(1, Math.floor(samples.length / 3));
  const ratio = (of: (sample: Sample) => number) =>
    mean(samples.slice(-third).map(of)) / mean(samples.slice(0, third).map(of));
  const late = (of: (sample: Sample) => number) => mean(samples.slice(-third).map(of));
  const early = mean(samples.slice(0, third).map(({ recall }) => recall));
  const measures = {
    gateway_growth: measure(
      ratio(({ gatewayMb }) => gatewayMb),
      'times',
      '<=',
      mostGrowth,
      'RSS, last third to first',
    ),
    worker_growth: measure(
      ratio(({ workerMb }) => workerMb),
      'times',
      '<=',
      mostGrowth,
      'RSS, last third to first',
    ),
    longest_queue: measure(Math.max(...samples.map(({ queue }) => queue)), 'chunks', '<=', longestQueue),
    recall_lost: measure(
      early - late(({ recall }) => recall),
      'recall@10',
      '<=',
      mostRecallLost,
      `first third ${early.toFixed(4)}`,
    ),
    heap_fetches: measure(
      late(({ heapFetches, scannedRows }) => heapFetches / scannedRows),
      'of rows',
      '<=',
      mostHeapFetches,
    ),
    other_scans: measure(
      samples.filter(({ scan }) => scan !== 'Index Only Scan').length,
      'samples',
      '<=',
      0,
      [...new Set(samples.map(({ scan }) => scan))].join(', '),
    ),
    dead_rows: measure(
      late(({ deadRows, liveRows }) => deadRows / liveRows),
      'of live',
      '<=',
      mostDeadShare,
    ),
  };
  console.log();
  printMeasures(measures);
  return Object.values(measures).every(({ holds }) => holds);
}
