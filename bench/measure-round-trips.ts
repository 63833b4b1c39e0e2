import { openDelayProxy } from '../test/support/delay-proxy.ts';
import { withClient } from './bench-server.ts';
import { openLoadConnection } from './http-load.ts';
import { type Measures, measure } from './results.ts';
import { anotherGateway, questionsOf, type RetrievalBench } from './retrieval-setup.ts';
import { searchRequest } from './search-request.ts';
import { interleave, median } from './statistics.ts';

/** Delay of the link, there and back. */
const linkMs = 20;
const rounds = 120;

/**
 * How long a search takes when the database is 20 ms away, its own work included, over what `select 1` takes there.
 */
export async function measureRoundTrips(bench: RetrievalBench): Promise<Measures> {
  const link = await openDelayProxy(bench.database.gateway, linkMs / 2);
  const gateway = await anotherGateway(bench, link.url);
  const connection = openLoadConnection(gateway.url);
  const questions = questionsOf(bench, '5k');
  const requests = await Promise.all(questions.map((question) => searchRequest(gateway, question, 'SEMANTIC')));
  const timed = async (work: () => Promise<unknown>) => {
    const started = performance.now();
    await work();
    return performance.now() - started;
  };
  try {
    for (const request of requests) await connection.send(request);
    link.takeRoundTrips();
    for (const request of requests) await connection.send(request);
    const counted = link.takeRoundTrips() / requests.length;
    return await withClient(link.url, async (client) => {
      let next = 0;
      const [searches = [], empty = []] = await interleave(rounds, [
        () => timed(() => connection.send(requests[next++ % requests.length] as Buffer)),
        () => timed(() => client.query('select 1')),
      ]);
      const note = `${median(searches).toFixed(1)} ms, "select 1" ${median(empty).toFixed(1)} ms; ${counted.toFixed(2)} exchanges a search`;
      return { round_trips: measure(median(searches) / median(empty), 'round trips', '<=', 1.3, note) };
    });
  } finally {
    connection.close();
    await gateway.close();
    await link.close();
  }
}
