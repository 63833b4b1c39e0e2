import type { z } from 'zod';
import { checkDimensions, InvalidVectorError, normaliseVector } from '../vector.ts';
import { EmbedderError, type EmbedderErrorOptions } from './embedder-error.ts';
import type { Provider } from './provider.ts';

export interface ProviderAnswer {
  /** Unit length, in the order of the request. */
  readonly vectors: Float32Array[];
  readonly tokens: number | undefined;
}

/**
 * Reads a provider's answer: one unit-length vector for each text.
 * @throws {EmbedderError} `EMBEDDER_REJECTED`: for the configuration when it is not JSON, not of the provider's shape, or
 * has vectors of another length; for an item when a vector is missing, repeated, not finite or all zeros.
 */
export function readProviderAnswer(
  provider: Provider,
  body: string,
  expected: { count: number; dimensions: number },
): ProviderAnswer {
  const { vectors, tokens } = provider.read(parseJson(body), expected.count);
  checkCount(vectors.length, expected.count);
  return { vectors: vectors.map((vector, index) => readVector(vector, index, expected.dimensions)), tokens };
}

/**
 * Reads a part of an answer.
 * @param shape what is needed, in words.
 * @throws {EmbedderError} that says where the answer is not of this shape, and quotes nothing of it.
 */
export function readShape<T>(schema: z.ZodType<T>, answer: unknown, shape: string): T {
  const result = schema.safeParse(answer);
  if (result.success) return result.data;
  const path = result.error.issues[0]?.path.join('.') ?? '';
  throw unusable(`at "${path}" it does not have the shape ${shape}`, { fault: 'configuration' });
}

/** @throws {EmbedderError} when an answer has too few vectors or too many. */
export function checkCount(received: number, sent: number): void {
  if (received !== sent) throw unusable(`it has ${received} vectors, and ${sent} texts were sent`);
}

/** An answer that was received and is of no use. Nothing of it is quoted: it may repeat the texts. */
export function unusable(reason: string, options?: EmbedderErrorOptions): EmbedderError {
  const message = `The embedding provider's answer cannot be used: ${reason.replace(/\.$/, '')}.`;
  return new EmbedderError('EMBEDDER_REJECTED', message, options);
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    // The parser's own message quotes the body.
    throw unusable(`it is not JSON (${body.length} characters were received)`, { fault: 'configuration' });
  }
}

function readVector(vector: unknown, index: number, dimensions: number): Float32Array {
  const components = refuseInvalid(index, 'item', () => readComponents(vector));
  refuseInvalid(index, 'configuration', () => checkDimensions(components, dimensions));
  return refuseInvalid(index, 'item', () => normaliseVector(components));
}

function refuseInvalid<T>(index: number, fault: 'item' | 'configuration', read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof InvalidVectorError) throw unusable(`text ${index}: ${cause.message}`, { cause, fault });
    throw cause;
  }
}

function readComponents(vector: unknown): ArrayLike<number> {
  if (typeof vector === 'string') return readBase64(vector);
  if (Array.isArray(vector)) return vector;
  throw new InvalidVectorError(`The vector is ${kindOf(vector)}: base64 text or a list of numbers is needed.`);
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
