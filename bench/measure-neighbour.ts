import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { openLoadConnection, runLoad } from './http-load.ts';
import type { NoiseOrder } from './noise-process.ts';
import { type Measures, measure } from './results.ts';
import { questionsOf, type RetrievalBench } from './retrieval-setup.ts';
import { searchRequest } from './search-request.ts';
import { interleave, median, quantile } from './statistics.ts';

/** Searches that the noisy tenant has under way all the time. */
const noiseConcurrency = 32;
const rounds = 11;
/** Searches of the quiet tenant in a round. */
const count = 300;
const warmUpMs = 500;

/**
 * A tenant that searches one thing after the other, alone and beside a tenant at full load: by how much its 95th percentile
 * grows. The noise is a process of its own; the quiet tenant has 500 chunks, the noisy one 5,000.
 */
export async function measureNeighbour(bench: RetrievalBench): Promise<Measures> {
  const { gateway } = bench;
  const requestsOf = (name: '500' | '5k') =>
    Promise.all(
      questionsOf(bench, name)
        .slice(0, 6)
        .map((question) => searchRequest(gateway, question, 'SEMANTIC')),
    );
  const quiet = await requestsOf('500');
  const loud = await requestsOf('5k');
  const noise = fork(new URL('./noise-process.ts', import.meta.url));
  const connection = openLoadConnection(gateway.url);
  const search = (index: number) => connection.send(quiet[index % quiet.length] as Buffer);
  const alone = async () => {
    await wait(warmUpMs);
    const { latenciesMs } = await runLoad([search], count);
    return { p50: median(latenciesMs), p95: quantile(latenciesMs, 0.95), noise: 0 };
  };
  const beside = async () => {
    const started = performance.now();
    const requests = loud.map((request) => request.toString('base64'));
    noise.send({ url: gateway.url, requests, concurrency: noiseConcurrency } satisfies NoiseOrder);
    const quietly = await alone();
    const answered = await hush(noise);
    return { ...quietly, noise: (1_000 * answered) / (performance.now() - started) };
  };
  try {
    await alone();
    await beside();
    const [without = [], withNoise = []] = await interleave(rounds, [alone, beside]);
    const p95 = (results: typeof without) => median(results.map((result) => result.p95));
    const p50 = (results: typeof without) => median(results.map((result) => result.p50));
    const ratios = withNoise.map((result, round) => result.p95 / (without[round]?.p95 ?? Number.NaN));
    const noisePerSecond = median(withNoise.map((result) => result.noise));
    return {
      noisy_neighbour_p95_ratio: measure(
        median(ratios),
        'x',
        '<=',
        1.5,
        `p95 ${p95(without).toFixed(1)} ms alone, ${p95(withNoise).toFixed(1)} ms beside ${noisePerSecond.toFixed(0)} searches a second, ${noiseConcurrency} at a time (p50 ${p50(without).toFixed(1)} and ${p50(withNoise).toFixed(1)} ms)`,
      ),
    };
  } finally {
    connection.close();
    if (noise.connected) noise.disconnect();
  }
}

/** @returns searches that were answered. */
async function hush(noise: ChildProcess): Promise<number> {
  const told = once(noise, 'message');
  noise.send('stop');
  const [{ answered }] = (await told) as [{ answered: number }];
  return answered;
}
