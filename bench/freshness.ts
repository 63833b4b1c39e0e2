/**
 * How soon after its commit a write is found by meaning, with nothing else to embed: through the gateway and a worker of its own
 * login on a real PostgreSQL, the worker woken by the gateway, with the built-in embedder. What a provider takes for its answer
 * comes on top.
 *
 *   npm run bench -- freshness
 */
import { setTimeout as wait } from 'node:timers/promises';
import { openApplication } from '../src/cli/application.ts';
import { openWorker } from '../src/cli/open-worker.ts';
import { everyScope } from '../src/cli/tokens.ts';
import { loadConfig } from '../src/config/load-config.ts';
import { parseTenantId } from '../src/ids.ts';
import { upsertDocuments } from '../src/ingest/upsert-documents.ts';
import { createLogger } from '../src/log.ts';
import { search } from '../src/search/search.ts';
import { followWork } from '../src/worker/follow-work.ts';
import { startWorker } from '../src/worker/worker.ts';
import { openBenchServer } from './bench-server.ts';
import { measure, printMeasures, saveResults, thisMachine } from './results.ts';
import { quantile } from './statistics.ts';

/** Documents that are there before, so that a search has something to look through. */
const documentCount = 2_000;
const rounds = 200;
const mostMs = 1_000;

export async function benchFreshness(): Promise<void> {
  const server = await openBenchServer();
  try {
    const database = await server.createDatabase('freshness');
    const config = loadConfig({
      DATABASE_URL: database.gateway,
      WORKER_DATABASE_URL: database.worker,
      JWT_HS256_SECRET: 'the shared secret of the benchmark, which guards nothing',
      JWT_ISSUER: 'https://issuer.example',
      JWT_AUDIENCE: 'tessera-bench',
    });
    if (config.mode !== 'server') throw new Error('The benchmark needs a server.');
    const log = createLogger({ level: 'warn' });
    const app = await openApplication(config, log);
    const workerDeps = await openWorker(config, log);
    const worker = startWorker(workerDeps, log);
    const listener = followWork(workerDeps.database, worker, log, config.database.workerUrl.reveal());
    const principal = { tenantId: parseTenantId('freshness'), subject: 'bench', groups: [], scopes: everyScope };
    const write = (from: number, count: number, text: string) =>
      upsertDocuments(
        app.deps,
        principal,
        Array.from({ length: count }, (_, i) => ({
          externalId: `d${from + i}`,
          collection: 'notes',
          title: `Note ${from + i}`,
          body: `${text}, as note ${from + i} tells.`,
        })),
      );
    const isFresh = async (text: string, externalId: string) => {
      const { hits } = await search(app.deps, principal, { text, mode: 'SEMANTIC' }, { first: 20 });
      return hits.some(({ document, embeddedAt }) => document.externalId === externalId && embeddedAt !== null);
    };
    const untilFresh = async (text: string, externalId: string) => {
      while (!(await isFresh(text, externalId))) await wait(1);
    };
    try {
      for (let start = 0; start < documentCount; start += 200) await write(start, 200, 'Something about the weather');
      await untilFresh('Note 1999', `d${documentCount - 1}`);
      // New documents and edits by turns.
      const took: number[] = [];
      for (let round = 0; round < rounds; round++) {
        await wait(20 + ((round * 37) % 300));
        const n = round % 2 === 0 ? documentCount + round : round;
        const text = `The zeppelin number ${round} lands in the garden`;
        await write(n, 1, text);
        const committed = performance.now();
        await untilFresh(text, `d${n}`);
        took.push(performance.now() - committed);
      }
      const note = `p95 ${quantile(took, 0.95).toFixed(0)} ms, longest ${Math.max(...took).toFixed(0)} ms, of ${rounds} writes`;
      const measures = { searchable_after_ms: measure(quantile(took, 0.5), 'ms', '<=', mostMs, note) };
      printMeasures(measures);
      await saveResults(new URL('results.json', import.meta.url), measures, { machine: thisMachine() });
    } finally {
      await listener.close();
      await worker.stop();
      await workerDeps.database.close();
      await app.close();
    }
  } finally {
    await server.close();
  }
}
