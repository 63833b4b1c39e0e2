import { openDelayProxy } from '../test/support/delay-proxy.ts';
import { openLoadConnection } from './http-load.ts';
import { type Measures, measure } from './results.ts';
import { anotherGateway, questionsOf, type RetrievalBench } from './retrieval-setup.ts';
import { searchRequest } from './search-request.ts';
import { median } from './statistics.ts';

const roundTripMs = 20;

/** How long a search takes when the database is 20 ms away, there and back, in round trips; its own work included. */
export async function measureRoundTrips(bench: RetrievalBench): Promise<Measures> {
  const link = await openDelayProxy(bench.database.gateway, roundTripMs / 2);
  const gateway = await anotherGateway(bench, link.url);
  const connection = openLoadConnection(gateway.url);
  try {
    const latencies: number[] = [];
    for (const question of [...questionsOf(bench, '5k'), ...questionsOf(bench, '5k')]) {
      const request = await searchRequest(gateway, question, 'SEMANTIC');
      const started = performance.now();
      await connection.send(request);
      latencies.push(performance.now() - started);
    }
    const usual = median(latencies.slice(latencies.length / 2));
    return {
      round_trips: measure(
        usual / roundTripMs,
        'round trips',
        '<=',
        1.3,
        `${usual.toFixed(1)} ms on a link of ${roundTripMs} ms`,
      ),
    };
  } finally {
    connection.close();
    await gateway.close();
    await link.close();
  }
}
