import { openLoadConnection } from './http-load.ts';
import { type Measures, measure } from './results.ts';
import { questionsOf, type RetrievalBench } from './retrieval-setup.ts';
import { searchRequest } from './search-request.ts';
import type { SizeClassName } from './size-classes.ts';
import { interleave, median } from './statistics.ts';

const rounds = 3;

/** Keyword searches one after the other, as their client sees them. */
export async function measureKeyword(bench: RetrievalBench): Promise<Measures> {
  const connection = openLoadConnection(bench.gateway.url);
  try {
    const searchAll = (name: SizeClassName) => async () => {
      const latencies: number[] = [];
      for (const question of questionsOf(bench, name)) {
        const request = await searchRequest(bench.gateway, question, 'KEYWORD');
        const started = performance.now();
        await connection.send(request);
        latencies.push(performance.now() - started);
      }
      return median(latencies);
    };
    const [small = [], large = []] = await interleave(rounds, [searchAll('5k'), searchAll('200k')]);
    const chunks = bench.classes.find(({ name }) => name === '200k')?.tenants[0]?.chunks;
    return {
      keyword_5k_ms: measure(median(small), 'ms', '<=', 4),
      keyword_200k_ms: measure(median(large), 'ms', '<=', 15, `on the largest tenant, here ${chunks} chunks`),
    };
  } finally {
    connection.close();
  }
}
