import { normaliseVector } from '../src/vector.ts';
import { createRandom, type Random } from './random.ts';

/** Components of the full vectors, as many as text-embedding-3-small's. */
export const dimensions = 1_536;

/** Energy of a component falls with its position to this power, so that the head of a vector says most (Matryoshka). */
const spectrumPower = 0.8;
const topicCount = 400;
/** What a vector is made of, as amplitudes: what all have in common, its topic, its document and itself. */
const parts = { common: 0.45, topic: 0.6, document: 0.45, chunk: 0.45 };
/** How far a question lies from the chunk that it is about. */
const questionNoise = 0.5;

/** Vectors of documents in topics. Coarse vectors alone find some 0.87 of the true ten best, and rerank brings the rest. */
export interface VectorSource {
  /** Unit vectors of a new document's chunks. */
  document(chunks: number): Float32Array[];
}

/** @param seed The same gives the same vectors in the same order. */
export function createVectorSource(seed: number): VectorSource {
  const random = createRandom(seed);
  // Topics are the same whatever the seed.
  const shared = createRandom(1);
  const common = bellVector(shared);
  const topics = Array.from({ length: topicCount }, () => bellVector(shared));
  return {
    document(chunks) {
      const topic = topics[random.below(topicCount)] as Float32Array;
      const own = bellVector(random);
      const base = common.map((value, i) => parts.common * value + parts.topic * topic[i]! + parts.document * own[i]!);
      return Array.from({ length: chunks }, () => near(base, parts.chunk, random));
    },
  };
}

/** A question about a chunk: its vector, moved. Unit length. */
export function questionVector(chunk: Float32Array, random: Random): Float32Array {
  return near(chunk, questionNoise, random);
}

function near(base: Float32Array, distance: number, random: Random): Float32Array {
  const vector = new Float32Array(dimensions);
  for (let i = 0; i < dimensions; i++) vector[i] = base[i]! + distance * amplitudes[i]! * random.bell();
  return normaliseVector(vector);
}

function bellVector(random: Random): Float32Array {
  return amplitudes.map((amplitude) => amplitude * random.bell());
}

/** Of the components of a vector of length 1, on average. */
const amplitudes = normaliseVector(
  Float32Array.from({ length: dimensions }, (_, i) => (i + 1) ** (-spectrumPower / 2)),
);
