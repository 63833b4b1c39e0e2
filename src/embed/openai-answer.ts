import { z } from 'zod';
import { checkDimensions, InvalidVectorError, normaliseVector } from '../vector.ts';
import { EmbedderError } from './embedder-error.ts';

/** The envelope only: the vectors are checked as they are decoded, thousands of numbers at a time. */
const answerSchema = z.object({ data: z.array(z.object({ index: z.int(), embedding: z.unknown() })) });

/**
 * Reads the answer of an OpenAI-compatible `/embeddings` endpoint: unit-length vectors in the order of the request,
 * whatever the order of the answer. Vectors may come as base64 of little-endian float32 or as lists of numbers.
 * @throws {EmbedderError} `EMBEDDER_REJECTED` when it is not JSON, not of this shape, lacks or repeats a text's vector, or
 * a vector has the wrong number of components, a component that is not finite, or only zeros.
 */
export function readOpenAiAnswer(body: string, expected: { count: number; dimensions: number }): Float32Array[] {
  const items = readItems(body);
  if (items.length !== expected.count) {
    throw rejected(`it has ${items.length} vectors, and ${expected.count} texts were sent`);
  }
  const vectors = new Array<Float32Array | undefined>(expected.count);
  for (const { index, embedding } of items) {
    if (index < 0 || index >= expected.count || vectors[index] !== undefined) {
      throw rejected(
        `index ${index} is out of range or comes twice, and each of 0 to ${expected.count - 1} is needed once`,
      );
    }
    vectors[index] = readVector(embedding, index, expected.dimensions);
  }
  return vectors as Float32Array[];
}

function readItems(body: string): { index: number; embedding?: unknown }[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    // The parser's own message quotes the body, which may hold the texts.
    throw rejected(`it is not JSON (${body.length} characters were received)`);
  }
  const answer = answerSchema.safeParse(parsed);
  if (answer.success) return answer.data.data;
  const fault = answer.error.issues[0];
  throw rejected(`at "${fault?.path.join('.') ?? ''}" it does not have the shape { data: [{ index, embedding }] }`);
}

function readVector(embedding: unknown, index: number, dimensions: number): Float32Array {
  try {
    const components = readComponents(embedding);
    checkDimensions(components, dimensions);
    return normaliseVector(components);
  } catch (cause) {
    if (cause instanceof InvalidVectorError) throw rejected(`text ${index}: ${cause.message}`, { cause });
    throw cause;
  }
}

function readComponents(embedding: unknown): ArrayLike<number> {
  if (typeof embedding === 'string') return readBase64(embedding);
  if (Array.isArray(embedding)) return embedding;
  throw new InvalidVectorError(`The vector is ${kindOf(embedding)}: base64 text or a list of numbers is needed.`);
}

function readBase64(text: string): Float32Array {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length % 4 !== 0) {
    throw new InvalidVectorError(`The vector has ${bytes.length} bytes: float32 components need a multiple of 4.`);
  }
  const components = new Float32Array(bytes.length / 4);
  for (let i = 0; i < components.length; i++) components[i] = bytes.readFloatLE(4 * i);
  return components;
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (value === undefined) return 'missing';
  return `of type ${typeof value}`;
}

function rejected(reason: string, options?: ErrorOptions): EmbedderError {
  const message = `The embedding provider's answer cannot be used: ${reason.replace(/\.$/, '')}.`;
  return new EmbedderError('EMBEDDER_REJECTED', message, options);
}
