/**
 * What retrieval costs and how good it is, on seeded data in a real PostgreSQL, as ratios measured side by side.
 *
 *   npm run bench -- retrieval [--chunks 200000] [--only throughput,batch,...]
 */
import pg from 'pg';
import { openBenchServer } from './bench-server.ts';
import { openEmbeddingServer } from './embedding-server.ts';
import { startGateway } from './gateway-child.ts';
import { plotLatencies } from './latency-plot.ts';
import { measureBatch } from './measure-batch.ts';
import { measureGrowth } from './measure-growth.ts';
import { type ClassResult, measureAgainstGuides } from './measure-guides.ts';
import { measureIndexBytes } from './measure-index-bytes.ts';
import { measureKeyword } from './measure-keyword.ts';
import { measureNeighbour } from './measure-neighbour.ts';
import { measureRoundTrips } from './measure-round-trips.ts';
import { measureThroughput } from './measure-throughput.ts';
import { makeQuestions } from './questions.ts';
import { type Measures, measure, printMeasures, readServer, saveResults } from './results.ts';
import type { RetrievalBench } from './retrieval-setup.ts';
import { seedGuides } from './seed-guides.ts';
import { seedTessera } from './seed-tessera.ts';
import { type SizeClassName, sizeClasses } from './size-classes.ts';
import { dimensions } from './vector-source.ts';

/** Questions of each size class. */
const questionCount = 60;

const measurements: Readonly<Record<string, (bench: RetrievalBench) => Promise<Measures>>> = {
  throughput: measureThroughput,
  batch: measureBatch,
  'round-trips': measureRoundTrips,
  keyword: measureKeyword,
  guides: measureGuides,
  growth: measureGrowth,
  neighbour: measureNeighbour,
};

export interface RetrievalOptions {
  readonly chunks: number;
  /** Names of the measurements to take; all of them without it. */
  readonly only?: readonly string[] | undefined;
}

export async function benchRetrieval({ chunks, only = Object.keys(measurements) }: RetrievalOptions): Promise<void> {
  const server = await openBenchServer();
  const embedding = await openEmbeddingServer();
  try {
    const classes = sizeClasses(chunks);
    const database = await server.createDatabase('retrieval');
    const modelId = await timed(`${chunks} chunks`, () => seedTessera(database, classes));
    if (only.includes('guides')) await timed("the guides' table", () => seedGuides(database));
    const superuser = new pg.Client({ connectionString: database.superuser });
    superuser.on('error', () => {});
    await superuser.connect();
    const questions = await makeQuestions(superuser, classes, questionCount);
    for (const { text, vector } of [...questions.values()].flat()) embedding.learn(text, vector);
    const gateway = await startGateway({ databaseUrl: database.gateway, embeddingUrl: embedding.url });
    const bench: RetrievalBench = { server, database, superuser, modelId, classes, questions, embedding, gateway };
    const measures: Record<string, Measures[string]> = {};
    for (const name of only) {
      const taken = await timed(name, async () => measurements[name]?.(bench) ?? {});
      printMeasures(taken);
      Object.assign(measures, taken);
    }
    const scale = { chunks, tenants: classes.flatMap(({ tenants }) => tenants).length, dimensions };
    await saveResults(new URL('results.json', import.meta.url), measures, {
      server: await readServer(superuser),
      scale,
    });
    await gateway.close();
    await superuser.end();
  } finally {
    embedding.close();
    await server.close();
  }
}

async function measureGuides(bench: RetrievalBench): Promise<Measures> {
  const results = await measureAgainstGuides(bench);
  for (const { name, chunks, tessera, tesseraSql, guides } of results) {
    console.log(
      `${name.padStart(5)} (${chunks} chunks)  Tessera p50 ${tessera.p50Ms.toFixed(2)} ms (SQL ${tesseraSql.p50Ms.toFixed(2)}), recall ${tessera.recall.toFixed(3)}, ${tessera.leastRows} rows at least` +
        `   guides p50 ${guides.p50Ms.toFixed(2)} ms, recall ${guides.recall.toFixed(3)}, ${guides.leastRows} rows at least, ${guides.rows.toFixed(1)} on average`,
    );
  }
  await plotLatencies(new URL('results.svg', import.meta.url), results);
  const speedup = ({ tessera, guides }: ClassResult) => guides.p50Ms / tessera.p50Ms;
  const of = (name: SizeClassName) => results.find((result) => result.name === name) as ClassResult;
  const slowest = Math.min(...results.map(speedup));
  const note = (name: SizeClassName) => {
    const { chunks, tessera, tesseraSql, guides } = of(name);
    return `tenant of ${chunks} chunks: p50 ${tessera.p50Ms.toFixed(2)} ms over HTTP (${tesseraSql.p50Ms.toFixed(2)} its SQL alone) against ${guides.p50Ms.toFixed(2)} ms, recall ${tessera.recall.toFixed(3)} against ${guides.recall.toFixed(3)}, rows ${tessera.rows.toFixed(1)} against ${guides.rows.toFixed(1)}`;
  };
  return {
    vs_guides_5k: measure(speedup(of('5k')), 'x', '>=', 10, note('5k')),
    vs_guides_200k: measure(speedup(of('200k')), 'x', '>=', 10, note('200k')),
    vs_guides_slowest: measure(slowest, 'x', '>=', 1, 'the class in which Tessera gains least'),
    rows_least: measure(Math.min(...results.map(({ tessera }) => tessera.leastRows)), 'of 10', '>=', 10),
    recall_balanced_min: measure(Math.min(...results.map(({ tessera }) => tessera.recall)), 'recall@10', '>=', 0.99),
    ...(await measureIndexBytes(bench)),
  };
}

async function timed<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
  const started = performance.now();
  const result = await work();
  console.log(`\n${name}: ${((performance.now() - started) / 1_000).toFixed(0)} s`);
  return result;
}
