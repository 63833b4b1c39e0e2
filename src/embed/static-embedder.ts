import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { StartupError } from '../errors.ts';
import { COARSE_DIMENSIONS, normaliseVector } from '../vector.ts';
import type { Embedder } from './embedder.ts';
import { parseStaticTable, type StaticTable } from './static-table.ts';
import { createTokenise } from './wordpiece.ts';

const builtInTablePath = fileURLToPath(new URL('../../models/static-en-512.bin', import.meta.url));

/**
 * Loads an embedder that adds up the vectors of a text's word pieces: no network, no word order, English only
 * (DESIGN rule 20). Purpose makes no difference to it. Measured on two cores: the table loads in 40 ms, a query takes 11
 * microseconds, and 200 words of technical prose (280 tokens) take 0.21 ms, 0.08 of them to find the tokens.
 * @param path of a STATEMB1 file; without it the table in `models/` is read.
 * @throws {StartupError} when the file cannot be read, is not a table, or has fewer than 256 dimensions.
 */
export function loadStaticEmbedder(path: string = builtInTablePath): Embedder {
  return createStaticEmbedder(parseStaticTable(readTable(path)));
}

function readTable(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new StartupError(`The embedding table ${path} cannot be read: ${(cause as Error).message}.`, { cause });
  }
}

function createStaticEmbedder(table: StaticTable): Embedder {
  if (table.dimensions < COARSE_DIMENSIONS) {
    throw new StartupError(
      `The embedding table "${table.name}" has ${table.dimensions} dimensions: a model needs at least ${COARSE_DIMENSIONS}.`,
    );
  }
  const tokenise = createTokenise(table.vocabulary);
  // One scratch vector for all texts: nothing here yields while it is in use.
  const sum = new Float64Array(table.dimensions);

  function embedText(text: string): Float32Array | null {
    const tokens = tokenise(text);
    if (tokens.length === 0) return null;
    sumRows(table, tokens, sum);
    return sum.some((component) => component !== 0) ? normaliseVector(sum) : null;
  }

  return {
    model: { name: table.name, dimensions: table.dimensions },
    // Measured over eight retrieval sets: nDCG@10 0.575 at 2 : 1, 0.566 at 1 : 1, 0.553 for keywords alone.
    fusionWeights: { keyword: 2, semantic: 1 },
    // The table has no limit of its own and never cuts a text; past this length the mean of so many words says little.
    maxTokens: 8192,
    // About 8 ms of pages, so that a batch does not hold up the event loop.
    maxBatch: 64,
    countTokens: (text) => tokenise(text).length,
    async embed(texts, { signal }) {
      signal?.throwIfAborted();
      return texts.map(embedText);
    },
  };
}

/**
 * Sets `sum` to the sum of the tokens' scaled rows. Four rows at a time, because each pass over the sum costs as much as a
 * row: a page took 115 microseconds this way and 178 with one row at a time.
 */
function sumRows({ dimensions, scales, rows }: StaticTable, tokens: readonly number[], sum: Float64Array): void {
  sum.fill(0);
  for (let next = 0; next < tokens.length; next += 4) {
    // Past the last token row 0 is added with scale 0.
    const a = tokens[next] as number;
    const b = tokens[next + 1] ?? 0;
    const c = tokens[next + 2] ?? 0;
    const d = tokens[next + 3] ?? 0;
    const scaleA = scales[a] as number;
    const scaleB = next + 1 < tokens.length ? (scales[b] as number) : 0;
    const scaleC = next + 2 < tokens.length ? (scales[c] as number) : 0;
    const scaleD = next + 3 < tokens.length ? (scales[d] as number) : 0;
    const [rowA, rowB, rowC, rowD] = [a * dimensions, b * dimensions, c * dimensions, d * dimensions];
    for (let i = 0; i < dimensions; i++) {
      sum[i] =
        (sum[i] as number) +
        scaleA * (rows[rowA + i] as number) +
        scaleB * (rows[rowB + i] as number) +
        scaleC * (rows[rowC + i] as number) +
        scaleD * (rows[rowD + i] as number);
    }
  }
}
