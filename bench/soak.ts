/**
 * A mixed load of edits, deletes and searches for as long as is wanted, on a gateway and a worker in processes of their own and a
 * PostgreSQL with fsync and autovacuum as they come. Once a minute it prints what must not grow and what must not fall. Then
 * nobody writes until autovacuum is through, and it ends with what held and what did not. While recall is measured nobody
 * writes either.
 *
 *   npm run soak -- --minutes 10                  ten documents a second, each one once in ten minutes
 *   npm run soak -- --minutes 10 --writes most    as many as are answered
 *   npm run soak -- --minutes 10 --naptime 10     autovacuum looks every ten seconds, and not once a minute as it comes
 */
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { issueToken } from '../src/cli/tokens.ts';
import { loadConfig } from '../src/config/load-config.ts';
import type { Database } from '../src/db/database.ts';
import { openPool } from '../src/db/open-pool.ts';
import { parseTenantId } from '../src/ids.ts';
import { reviewTiers } from '../src/tiers/review-tiers.ts';
import { openCrashDatabase, withSuperuser } from '../test/crash/crash-database.ts';
import { createRandom } from './random.ts';
import { type Measures, printMeasures } from './results.ts';
import { judgeSoak, type SoakSample, settledDead } from './soak-judge.ts';
import { fill, type SoakClient, startLoad } from './soak-load.ts';
import { startProcess } from './soak-process.ts';
import { countDeaths, type DatabaseSample, sampleDatabase, sampleRecall } from './soak-sample.ts';
import { createTextSource } from './text-source.ts';

/** Documents of the tenant with a graph, which the load changes, and of one that is searched exactly. */
const [largeCount, smallCount] = [5_000, 1_000];
const crossover = 2_000;
/** What autovacuum has after the last write: the round that is under way, the next, and one for its work. */
const settlingSeconds = 180;
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    naptime: { type: 'string', default: '60' },
    writes: { type: 'string', default: '10' },
  },
});
const [minutes, naptimeSeconds] = [Number(values.minutes), Number(values.naptime)];
if (!(minutes >= 1)) throw new Error(`--minutes ${values.minutes}: give a number, 1 at least.`);
/** Documents written a second, of both tenants by the share that they have of them. */
const pace = values.writes === 'most' ? Number.POSITIVE_INFINITY : Number(values.writes);
if (!(pace > 0)) throw new Error(`--writes ${values.writes}: give documents a second, or most.`);
if (!(naptimeSeconds >= 1)) throw new Error(`--naptime ${values.naptime}: give seconds, 1 at least.`);

// What runs beside this process ends with it, also when somebody loses patience.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

const database = await openCrashDatabase(crossover);
try {
  const measures = await soak();
  console.log();
  printMeasures(measures);
  if (!Object.values(measures).every(({ holds }) => holds)) process.exitCode = 1;
} finally {
  await database.postgres.remove();
}

async function soak(): Promise<Measures> {
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
      await superuser.query(`alter system set autovacuum_naptime = '${naptimeSeconds}s'`);
      await superuser.query('select pg_reload_conf()');
      await superuser.query('vacuum analyze tessera.embeddings');
      await reviewTiers(owner);
      const { rows } = await superuser.query<{ modelId: number; dimensions: number; tier: string }>(
        `select model_id as "modelId", dimensions, tier from tessera.tenant_models join tessera.models on id = model_id
         where tenant_id = 'large'`,
      );
      const [{ modelId, dimensions, tier } = { modelId: 0, dimensions: 0, tier: 'none' }] = rows;
      if (tier !== 'hnsw') throw new Error(`The large tenant is ${tier}, and was to have a graph.`);
      const look = () => sampleDatabase(superuser, reader, 'small', { id: modelId, dimensions });
      const paceOf = (count: number) => (pace * count) / (largeCount + smallCount);
      const largeLoad = { count: largeCount, pace: paceOf(largeCount) };
      const smallLoad = { count: smallCount, pace: paceOf(smallCount) };
      const load = startLoad(large, largeLoad, createRandom(3), texts);
      const background = startLoad(small, smallLoad, createRandom(4), createTextSource(5));
      const samples: SoakSample[] = [];
      try {
        console.log(
          'minute  gateway  worker   queue  recall@10  heap fetches of rows       dead of live, in  vacuums   written deleted searches',
        );
        for (let minute = 1; minute <= minutes; minute++) {
          const [before, from] = [await countDeaths(superuser), performance.now()];
          await wait(60_000);
          const deaths = (await countDeaths(superuser)) - before;
          const stored = await look();
          const deadSeconds = (stored.deadRows / deaths) * ((performance.now() - from) / 1_000);
          const resume = await Promise.all([load.pauseWrites(), background.pauseWrites()]);
          await untilEmbedded();
          const recall = await sampleRecall(reader, 'large', modelId);
          for (const each of resume) each();
          const sample = {
            ...stored,
            deadSeconds,
            recall,
            gatewayMb: await gateway.rssMb(),
            workerMb: await worker.rssMb(),
          };
          samples.push(sample);
          printSample(minute, sample, load.counts);
        }
      } finally {
        await Promise.all([load.stop(), background.stop()]);
      }
      const failures = load.counts.failures + background.counts.failures;
      if (failures > 0) throw new Error(`${failures} requests failed.`);
      await untilEmbedded();
      const started = performance.now();
      const isSettled = ({ deadRows, liveRows }: DatabaseSample) =>
        deadRows <= settledDead.rows + settledDead.share * liveRows;
      let settled = await look();
      while (!isSettled(settled) && performance.now() - started < settlingSeconds * 1_000) {
        await wait(1_000);
        settled = await look();
      }
      const seconds = Math.round((performance.now() - started) / 1_000);
      console.log(`\n${seconds} s after the last write ${settled.deadRows} dead rows are left.`);
      return judgeSoak(samples, settled, Number.isFinite(pace));
    });
  } finally {
    await Promise.all([reader.close(), owner.close()]);
    await Promise.all([gateway.stop(), worker.stop()]);
  }
}

function printSample(
  minute: number,
  sample: SoakSample,
  counts: { writes: number; deletes: number; searches: number },
) {
  const cells = [
    `${minute}`.padStart(6),
    `${sample.gatewayMb.toFixed(0)} MiB`.padStart(9),
    `${sample.workerMb.toFixed(0)} MiB`.padStart(8),
    `${sample.queue}`.padStart(7),
    sample.recall.toFixed(4).padStart(10),
    `${sample.heapFetches} of ${sample.scannedRows}`.padStart(21),
    `${sample.deadRows} of ${sample.liveRows}, ${sample.deadSeconds.toFixed(0)} s`.padStart(21),
    `${sample.vacuums}`.padStart(8),
    `${counts.writes}`.padStart(9),
    `${counts.deletes}`.padStart(7),
    `${counts.searches}`.padStart(8),
  ];
  console.log(cells.join(' '));
}
