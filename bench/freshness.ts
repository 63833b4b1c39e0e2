/**
 * How soon after its commit a write is found by meaning, with nothing else to embed: through the gateway and a worker of its own
 * login on a real PostgreSQL, the worker woken by the gateway, with the built-in embedder. What a provider takes for its answer
 * comes on top.
 *
 *   npm run bench -- freshness
 */
import { setTimeout as wait } from 'node:timers/promises';
import { everyScope } from '../src/cli/tokens.ts';
import { parseTenantId } from '../src/ids.ts';
import { upsertDocuments } from '../src/ingest/upsert-documents.ts';
import { search } from '../src/search/search.ts';
import { openBenchServer, withClient } from './bench-server.ts';
import { openLiveGateway } from './live-gateway.ts';
import { measure, printMeasures, readServer, saveResults } from './results.ts';
import { quantile } from './statistics.ts';

/** Documents that are there before, so that a search has something to look through. */
const documentCount = 2_000;
const rounds = 200;
const mostMs = 1_000;

export async function benchFreshness(): Promise<void> {
  const server = await openBenchServer();
  try {
    const database = await server.createDatabase('freshness');
    const { app, close } = await openLiveGateway(database);
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
      const filter = { externalId: { eq: externalId } };
      const { hits } = await search(app.deps, principal, { text, mode: 'SEMANTIC', filter }, { first: 1 });
      return hits[0]?.embeddedAt != null;
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
      const { dimensions } = app.deps.embedder.model;
      await saveResults(new URL('results.json', import.meta.url), measures, {
        server: await withClient(database.superuser, readServer),
        scale: { chunks: documentCount + rounds / 2, tenants: 1, dimensions },
      });
    } finally {
      await close();
    }
  } finally {
    await server.close();
  }
}
