import { openPool } from '../src/db/open-pool.ts';
import { type BenchChild, startChild } from './bench-child.ts';
import { type LoadConnection, openLoadConnection, prepareRequest, runLoad } from './http-load.ts';
import type { Question } from './questions.ts';
import { captureSearch, type RawSearch, sendRaw } from './raw-search.ts';
import { type Measures, measure } from './results.ts';
import type { RetrievalBench } from './retrieval-setup.ts';
import { searchHits, searchRequest } from './search-request.ts';
import { interleave, median } from './statistics.ts';

const concurrency = 8;
const rounds = 9;
/** Searches of a round. */
const count = 600;

/**
 * The gateway against its own SQL, sent raw by `pg` at equal concurrency; and Node's processor time a request meanwhile.
 * Between the two stands the least that answers the same over HTTP, `bare-process.ts`: what is lost up to there, no gateway
 * in Node can win. Tenants of every size class take turns.
 */
export async function measureThroughput(bench: RetrievalBench): Promise<Measures> {
  const { gateway } = bench;
  const questions = mixed([...bench.questions.values()]);
  const requests = await Promise.all(questions.map((question) => searchRequest(gateway, question, 'SEMANTIC')));
  const connections = Array.from({ length: concurrency }, () => openLoadConnection(gateway.url));
  const database = await openPool({
    url: bench.database.gateway,
    size: concurrency,
    statementTimeoutMs: 10_000,
    onIdleError: () => {},
  });
  let bare: BenchChild | undefined;
  try {
    const raws: RawSearch[] = [];
    for (const question of questions) raws.push(await captureSearch(database, bench.modelId, question));
    const at = <Item>(list: readonly Item[], index: number) => list[index % list.length] as Item;
    bare = await startChild('./bare-process.ts', {
      env: {},
      message: { databaseUrl: bench.database.gateway, connections: concurrency, searches: raws },
    });
    const { url } = bare;
    const bareConnections = connections.map(() => openLoadConnection(url));
    const bareRequests = raws.map((_, index) => prepareRequest(url, '', { index }));
    const load = (child: BenchChild, on: readonly LoadConnection[], sent: readonly Buffer[]) => async () => {
      const before = await child.cpuMs();
      const workers = on.map((connection) => (index: number) => connection.send(at(sent, index)));
      const { perSecond } = await runLoad(workers, count);
      return { perSecond, cpuMs: ((await child.cpuMs()) - before) / count };
    };
    const viaGateway = load(gateway, connections, requests);
    const viaBare = load(bare, bareConnections, bareRequests);
    const raw = async () => {
      const workers = connections.map(() => (index: number) => sendRaw(database.pool, at(raws, index)));
      return { perSecond: (await runLoad(workers, count)).perSecond, cpuMs: 0 };
    };
    // Both sides must answer the same before their speed means anything.
    const [connection] = connections;
    for (const [index, request] of requests.entries()) {
      const hits = connection ? await searchHits(connection, request) : [];
      const rows = await sendRaw(database.pool, at(raws, index));
      if (
        hits.join() !==
        rows
          .slice(0, 10)
          .map(({ chunkId }) => chunkId)
          .join()
      ) {
        throw new Error('The gateway and its own SQL answered differently.');
      }
    }
    const sides = [viaGateway, viaBare, raw];
    for (const side of sides) await side();
    const [through = [], barely = [], directly = []] = await interleave(rounds, sides);
    type Round = (typeof through)[number];
    const ratio = (a: readonly Round[], b: readonly Round[]) =>
      median(a.map(({ perSecond }, round) => perSecond / (b[round]?.perSecond ?? 0)));
    const pace = (side: readonly Round[]) => median(side.map(({ perSecond }) => perSecond)).toFixed(0);
    const cpuMs = (side: readonly Round[]) => median(side.map((one) => one.cpuMs));
    return {
      gateway_vs_raw: measure(
        ratio(through, directly),
        'of raw',
        '>=',
        0.9,
        `${pace(through)} a second at concurrency ${concurrency}, raw ${pace(directly)}; a bare node:http server ${ratio(barely, directly).toFixed(2)}`,
      ),
      gateway_vs_bare: measure(
        ratio(through, barely),
        'of bare',
        '>=',
        0.9,
        `${pace(through)} a second, node:http and pg alone ${pace(barely)}`,
      ),
      node_cpu_ms: measure(
        cpuMs(through),
        'ms',
        '<=',
        0.35,
        `node:http and pg alone take ${cpuMs(barely).toFixed(2)} ms`,
      ),
    };
  } finally {
    for (const connection of connections) connection.close();
    await bare?.close();
    await database.close();
  }
}

/** One of each list in turn. */
function mixed(lists: readonly (readonly Question[])[]): Question[] {
  const longest = Math.max(...lists.map(({ length }) => length));
  return Array.from({ length: longest }, (_, index) => lists.flatMap((list) => list[index] ?? [])).flat();
}
