import { openLoadConnection } from './http-load.ts';
import { type Measures, measure } from './results.ts';
import { anotherGateway, questionsOf, type RetrievalBench } from './retrieval-setup.ts';
import { searchRequest } from './search-request.ts';
import { seedTessera } from './seed-tessera.ts';
import { tenthAround } from './size-classes.ts';
import { interleave, quantile } from './statistics.ts';

const rounds = 12;

/**
 * The p95 of a tenant of 5,000 chunks in the table as it is, against the same tenant in a table where everybody else has a
 * tenth. Both exist at once and are asked in turn.
 */
export async function measureGrowth(bench: RetrievalBench): Promise<Measures> {
  const before = await bench.server.createDatabase('tenth');
  await seedTessera(before, tenthAround(bench.classes));
  const gateway = await anotherGateway(bench, before.gateway);
  try {
    const asked = questionsOf(bench, '5k');
    const tenantId = asked[0]?.tenantId ?? '';
    const searchAll = async (url: typeof gateway) => {
      const connection = openLoadConnection(url.url);
      const requests = await Promise.all(
        asked.map((question) => searchRequest(url, { ...question, tenantId }, 'SEMANTIC')),
      );
      return async () => {
        const latencies: number[] = [];
        for (const request of requests) {
          const started = performance.now();
          await connection.send(request);
          latencies.push(performance.now() - started);
        }
        return latencies;
      };
    };
    const [small, large] = [await searchAll(gateway), await searchAll(bench.gateway)];
    await small();
    await large();
    const [then = [], now = []] = await interleave(rounds, [small, large]);
    const [p95Then, p95Now] = [quantile(then.flat(), 0.95), quantile(now.flat(), 0.95)];
    const note = `p95 ${p95Then.toFixed(1)} ms before, ${p95Now.toFixed(1)} ms after`;
    return { growth_p95_ratio: measure(p95Now / p95Then, 'x', '<=', 1.15, note) };
  } finally {
    await gateway.close();
  }
}
