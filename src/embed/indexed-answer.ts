import { z } from 'zod';
import type { RawAnswer } from './provider.ts';
import { checkCount, readShape, unusable } from './provider-answer.ts';

/** The envelope only: the vectors are checked as they are decoded, thousands of numbers at a time. */
const schema = z.object({
  data: z.array(z.object({ index: z.int(), embedding: z.unknown() })),
  usage: z.object({ total_tokens: z.number() }).optional().catch(undefined),
});

/**
 * Reads `{ data: [{ index, embedding }], usage }`, the shape of OpenAI, Azure and Voyage, into the order of the request.
 * @throws {EmbedderError} `EMBEDDER_REJECTED` when it has another shape, or lacks or repeats a text's vector.
 */
export function readIndexedAnswer(answer: unknown, count: number): RawAnswer {
  const { data, usage } = readShape(schema, answer, '{ data: [{ index, embedding }] }');
  checkCount(data.length, count);
  const vectors = new Array<unknown>(count);
  const seen = new Set<number>();
  for (const { index, embedding } of data) {
    if (index < 0 || index >= count || seen.has(index)) {
      throw unusable(`index ${index} is out of range or comes twice, and each of 0 to ${count - 1} is needed once`);
    }
    seen.add(index);
    vectors[index] = embedding;
  }
  return { vectors, tokens: usage?.total_tokens };
}
