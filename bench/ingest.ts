/**
 * What storing through `tessera ingest --direct` costs beside PostgreSQL's own COPY: the same documents, chunks and vectors
 * into the same tables, with the same keys, indexes and generated columns. The COPY is the best there is: of the superuser, past
 * every policy, from files on the server in the tables' own format, with nothing left to compute but what the tables compute.
 *
 *   npm run bench -- ingest
 */
import { execFile } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { loadStaticEmbedder } from '../src/embed/static-embedder.ts';
import { type BenchDatabase, openBenchServer, withClient } from './bench-server.ts';
import { createRandom } from './random.ts';
import { type Circumstances, type Measure, measure, printMeasures, readServer, saveResults } from './results.ts';
import { median } from './statistics.ts';
import { createTextSource, readEnglishWords, type TextSource } from './text-source.ts';

const program = fileURLToPath(new URL('../bin/tessera.js', import.meta.url));
const resultsFile = new URL('results.json', import.meta.url);
const mainShape = 'ingest_vs_copy';
/** What the documents say, one chunk each: passages of a usual size, and short ones of rare words. */
const shapes: readonly Shape[] = [
  { name: mainShape, texts: () => createTextSource(21, readEnglishWords()), sentences: 9, words: 20 },
  { name: 'ingest_short', texts: () => createTextSource(21), sentences: 1, words: 40 },
];
const rounds = 3;
const atLeast = 0.7;
const mostEmbedded = 2_000;

const tables = {
  tenants: 'id',
  models: 'id, name, dimensions',
  tenant_models: 'tenant_id, model_id',
  documents: 'tenant_id, id, collection, external_id, title, body, metadata, status, language, content_hash, audience',
  chunks:
    'tenant_id, id, document_id, ordinal, context, text, start_offset, end_offset, language, content_hash, audience',
  embeddings: 'tenant_id, model_id, chunk_id, document_id, coarse, full_vector, dimensions, audience',
} as const;
const timed = ['documents', 'chunks', 'embeddings'] as const;

interface Shape {
  /** Of the measure. */
  readonly name: string;
  readonly texts: () => TextSource;
  readonly sentences: number;
  /** Of a sentence. */
  readonly words: number;
}

/** @returns whether passages of a usual size are stored as fast as they are to be; what is said of short ones decides nothing. */
export async function benchIngest(documents: number): Promise<boolean> {
  const measures: Record<string, Measure> = {};
  for (const shape of shapes) {
    const { measured, ...circumstances } = await measureShape(shape, documents);
    measures[shape.name] = measured;
    await saveResults(resultsFile, { [shape.name]: measured }, circumstances);
  }
  printMeasures(measures);
  const { value, unit, reach, holds } = measures[mainShape] as Measure;
  if (!holds) console.error(`${mainShape} is ${value}${unit}; its bar is ${reach}${unit}.`);
  return holds;
}

async function measureShape(
  shape: Shape,
  documents: number,
): Promise<Omit<Circumstances, 'machine'> & { readonly measured: Measure }> {
  const folder = await mkdtemp(join(tmpdir(), 'tessera-bench-'));
  const server = await openBenchServer();
  try {
    const embedder = loadStaticEmbedder();
    const { dimensions } = embedder.model;
    const path = join(folder, 'documents.jsonl');
    const texts = await writeCorpus(path, shape, documents, dimensions);
    const [loadRates, copyRates]: [number[], number[]] = [[], []];
    let versions: Circumstances['server'] = { postgres: '', pgvector: '' };
    for (let round = 0; round < rounds; round++) {
      const loaded = await server.createDatabase(`load${round}`);
      loadRates.push(await ingest(loaded, path));
      versions = await withClient(loaded.superuser, readServer);
      const copied = await server.createDatabase(`copy${round}`);
      copyRates.push((documents * 1000) / (await copyPlainly(loaded, copied, `${round}`)));
      console.log(`COPY: ${Math.round(copyRates.at(-1) as number)} a second`);
    }
    const [load, copy] = [median(loadRates), median(copyRates)];
    // Of each round by itself: what else the machine does changes from one to the next.
    const ratio = median(loadRates.map((rate, round) => rate / (copyRates[round] as number)));
    const startedMs = performance.now();
    await embedder.embed(texts, { purpose: 'document' });
    const embedMs = (performance.now() - startedMs) / texts.length;
    const apart = `the built-in embedder takes ${embedMs.toFixed(3)} ms a chunk besides`;
    const note = `${Math.round(load)} chunks a second against ${Math.round(copy)}, medians of ${rounds}; ${apart}`;
    const size = `${documents} chunks of ${shape.sentences * shape.words} words, ${dimensions} components`;
    return {
      measured: measure(ratio, 'x', '>=', atLeast, `${note}; ${size}`),
      ...{ server: versions, scale: { chunks: documents, tenants: 1, dimensions } },
    };
  } finally {
    await server.close();
    await rm(folder, { recursive: true });
  }
}

/** @returns some of the texts. */
async function writeCorpus(path: string, shape: Shape, documents: number, dimensions: number): Promise<string[]> {
  const source = shape.texts();
  const random = createRandom(22);
  const texts: string[] = [];
  async function* lines() {
    for (let i = 0; i < documents; i++) {
      const body = Array.from({ length: shape.sentences }, () => `${source.words(shape.words)}.`).join(' ');
      if (texts.length < mostEmbedded) texts.push(body);
      yield `${JSON.stringify({ externalId: `d${i}`, title: source.words(5), body })}\n`;
    }
  }
  async function* vectors() {
    for (let i = 0; i < documents; i++)
      yield Buffer.from(Float32Array.from({ length: dimensions }, () => random.next() - 0.5).buffer);
  }
  await pipeline(lines, createWriteStream(path));
  await pipeline(vectors, createWriteStream(`${path}.f32`));
  return texts;
}

/** @returns chunks a second, as the command says. */
async function ingest(database: BenchDatabase, path: string): Promise<number> {
  const env = {
    PATH: process.env.PATH,
    DATABASE_URL: database.gateway,
    WORKER_DATABASE_URL: database.worker,
    JWT_HS256_SECRET: 'the shared secret of the benchmark, which guards nothing',
    JWT_ISSUER: 'https://issuer.example',
    JWT_AUDIENCE: 'tessera-bench',
  };
  const args = [program, 'ingest', path, '--tenant', 'bench', '--direct', '--vectors', `${path}.f32`, '--no-wait'];
  const { stdout } = await promisify(execFile)(process.execPath, args, { env, maxBuffer: 2 ** 26 });
  console.log(stdout.trim());
  const [, rate = ''] = /^[\d,]+ chunks, ([\d,]+) a second/m.exec(stdout) ?? [];
  if (rate === '') throw new Error(`The command said something else: ${stdout}`);
  return Number(rate.replaceAll(',', ''));
}

/** @returns milliseconds. */
async function copyPlainly(from: BenchDatabase, to: BenchDatabase, name: string): Promise<number> {
  const fileOf = (table: string) => `'/tmp/tessera-bench-${name}-${table}'`;
  await withClient(from.superuser, async (client) => {
    for (const [table, columns] of Object.entries(tables))
      await client.query(`copy (select ${columns} from tessera.${table}) to ${fileOf(table)} (format binary)`);
  });
  return withClient(to.superuser, async (client) => {
    await client.query('set search_path = tessera, public');
    const copy = (table: keyof typeof tables) =>
      client.query(`copy tessera.${table} (${tables[table]}) from ${fileOf(table)} (format binary)`);
    await copy('tenants');
    await client.query('delete from tessera.models');
    await copy('models');
    await copy('tenant_models');
    const startedMs = performance.now();
    for (const table of timed) await copy(table);
    return performance.now() - startedMs;
  });
}
