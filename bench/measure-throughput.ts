import { openPool } from '../src/db/open-pool.ts';
import { openLoadConnection, runLoad } from './http-load.ts';
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
 * Tenants of every size class take turns.
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
  try {
    const raws: RawSearch[] = [];
    for (const question of questions) raws.push(await captureSearch(database, bench.modelId, question));
    const at = <Item>(list: readonly Item[], index: number) => list[index % list.length] as Item;
    const viaGateway = async () => {
      const before = await gateway.cpuMs();
      const workers = connections.map((connection) => (index: number) => connection.send(at(requests, index)));
      const { perSecond } = await runLoad(workers, count);
      return { perSecond, cpuMs: ((await gateway.cpuMs()) - before) / count };
    };
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
    await viaGateway();
    await raw();
    const [through = [], directly = []] = await interleave(rounds, [viaGateway, raw]);
    const ratios = through.map(({ perSecond }, round) => perSecond / (directly[round]?.perSecond ?? 0));
    const perSecond = median(through.map((one) => one.perSecond));
    return {
      gateway_vs_raw: measure(
        median(ratios),
        'of raw',
        '>=',
        0.9,
        `${perSecond.toFixed(0)} a second at concurrency ${concurrency}, raw ${median(directly.map((one) => one.perSecond)).toFixed(0)}`,
      ),
      node_cpu_ms: measure(median(through.map(({ cpuMs }) => cpuMs)), 'ms', '<=', 0.35),
    };
  } finally {
    for (const connection of connections) connection.close();
    await database.close();
  }
}

/** One of each list in turn. */
function mixed(lists: readonly (readonly Question[])[]): Question[] {
  const longest = Math.max(...lists.map(({ length }) => length));
  return Array.from({ length: longest }, (_, index) => lists.flatMap((list) => list[index] ?? [])).flat();
}
