import { type BinaryRow, integerField, shortField } from '../src/db/copy-binary.ts';
import { halfvecParameter, vectorParameter } from '../src/db/vector-parameter.ts';
import { coarseVector } from '../src/vector.ts';
import { createRandom, shuffled } from './random.ts';
import type { BenchTenant, SizeClass } from './size-classes.ts';
import { createTextSource } from './text-source.ts';
import { createVectorSource, dimensions } from './vector-source.ts';

/** Everything that is stored, as rows to be copied. Each list may be read once; the same seed gives the same rows. */
export interface Corpus {
  documents(): Iterable<BinaryRow>;
  chunks(): Iterable<BinaryRow>;
  embeddings(modelId: number): Iterable<BinaryRow>;
}

/** Tables and columns of the rows. */
export const corpusTargets = {
  documents: 'tessera.documents (tenant_id, id, collection, external_id, title, body, content_hash)',
  chunks:
    'tessera.chunks (tenant_id, id, document_id, ordinal, context, text, start_offset, end_offset, language, content_hash)',
  embeddings: 'tessera.embeddings (tenant_id, model_id, chunk_id, document_id, coarse, full_vector, dimensions)',
} as const;

const chunksOfDocument = 4;
const wordsOfChunk = 90;
const textSeed = 11;
const vectorSeed = 12;
const collections = 10;

interface PlannedDocument {
  readonly tenant: Buffer;
  readonly number: number;
  readonly chunks: number;
}

/** Documents of all tenants in one random order: tables that many write to are not sorted by tenant. */
export function createCorpus(classes: readonly SizeClass[]): Corpus {
  const planned = shuffled(
    classes.flatMap(({ tenants }) => tenants.flatMap(planTenant)),
    createRandom(10),
  );
  return {
    *documents() {
      const text = createTextSource(textSeed + 100);
      for (const [index, { tenant, number }] of planned.entries()) {
        yield [
          tenant,
          idField('d', index),
          Buffer.from(`collection-${number % collections}`),
          Buffer.from(`document-${number}`),
          Buffer.from(text.words(6)),
          Buffer.from('The body is in the chunks.'),
          hashField(index),
        ];
      }
    },
    *chunks() {
      const text = createTextSource(textSeed);
      for (const [index, { tenant, chunks }] of planned.entries()) {
        const context = Buffer.from(text.words(6));
        for (let ordinal = 0; ordinal < chunks; ordinal++) {
          const body = Buffer.from(text.words(wordsOfChunk));
          yield [
            tenant,
            idField('c', index * chunksOfDocument + ordinal),
            idField('d', index),
            integerField(ordinal),
            context,
            body,
            integerField(0),
            integerField(body.length),
            Buffer.from('english'),
            hashField(index * chunksOfDocument + ordinal),
          ];
        }
      }
    },
    *embeddings(modelId) {
      const source = createVectorSource(vectorSeed);
      for (const [index, { tenant, chunks }] of planned.entries()) {
        for (const [ordinal, full] of source.document(chunks).entries()) {
          yield [
            tenant,
            shortField(modelId),
            idField('c', index * chunksOfDocument + ordinal),
            idField('d', index),
            halfvecParameter(coarseVector(full)),
            vectorParameter(full),
            shortField(dimensions),
          ];
        }
      }
    },
  };
}

function planTenant({ id, chunks }: BenchTenant): PlannedDocument[] {
  const tenant = Buffer.from(id);
  return Array.from({ length: Math.ceil(chunks / chunksOfDocument) }, (_, number) => ({
    tenant,
    number,
    chunks: Math.min(chunksOfDocument, chunks - number * chunksOfDocument),
  }));
}

/** A UUID of version 7: its head grows with the number, its tail is mixed from it. */
function idField(kind: 'd' | 'c', number: number): Buffer {
  const id = Buffer.alloc(16);
  id.writeUIntBE(1_767_225_600_000 + number, 0, 6);
  const random = createRandom(2 * number + (kind === 'd' ? 0 : 1));
  for (let at = 6; at < 16; at++) id[at] = random.below(256);
  id[6] = 0x70 | ((id[6] as number) & 0x0f);
  id[8] = 0x80 | ((id[8] as number) & 0x3f);
  return id;
}

/** Not a hash of anything; only its length is looked at. */
function hashField(number: number): Buffer {
  const field = Buffer.alloc(32);
  field.writeUInt32BE(number);
  return field;
}
