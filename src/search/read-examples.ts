import { sql } from 'kysely';
import type { Principal } from '../auth/principal.ts';
import { sqlBuilder } from '../db/compile.ts';
import type { Database } from '../db/database.ts';
import { readAsTenant } from '../db/tenant.ts';
import { parseVector } from '../db/vector-parameter.ts';
import { Refusal } from '../errors.ts';
import type { ChunkId, DocumentId, TenantId } from '../ids.ts';
import { coarseVector, InvalidVectorError, normaliseVector } from '../vector.ts';
import type { ExampleId } from './search-input.ts';
import { ExampleNotFoundError, exampleNotFound } from './search-request.ts';
import { isByActiveModel } from './semantic-stages.ts';

/** The vectors of passages, by their own ids or by their documents'. */
export function exampleVectorsStatement(
  tenantId: TenantId,
  modelId: number,
  documentIds: readonly DocumentId[],
  chunkIds: readonly ChunkId[],
) {
  return (
    sqlBuilder
      .selectFrom('chunks')
      .innerJoin('embeddings', 'embeddings.chunk_id', 'chunks.id')
      // Whose policy hides what is deleted or has expired.
      .innerJoin('documents', 'documents.id', 'chunks.document_id')
      .select([
        sql.ref<ChunkId>('chunks.id').as('chunkId'),
        sql.ref<DocumentId>('chunks.document_id').as('documentId'),
        sql<string>`embeddings.full_vector::text`.as('vector'),
      ])
      .where('documents.tenant_id', '=', tenantId)
      .where('chunks.tenant_id', '=', tenantId)
      .where('embeddings.tenant_id', '=', tenantId)
      .where('embeddings.model_id', '=', modelId)
      .where(isByActiveModel({ modelId }))
      .where((eb) =>
        eb.or([
          eb('chunks.document_id', '=', sql<string>`any(${documentIds}::uuid[])`),
          eb('chunks.id', '=', sql<string>`any(${chunkIds}::uuid[])`),
        ]),
      )
  );
}

export interface ExampleVector {
  /** Unit length: near to the positive examples and far from the negative ones. */
  readonly full: Float32Array;
  /** Passages that the examples consist of. */
  readonly chunkIds: readonly ChunkId[];
}

/**
 * The vector that lies where the positive examples are and the negative ones are not: the mean of the one less the mean of
 * the other. A document is the mean of its passages.
 * @throws {ExampleNotFoundError} for an example that does not exist for this tenant or has no vector yet.
 * @throws {Refusal} `BAD_USER_INPUT` when nothing is left of the difference.
 */
export async function readExamples(
  database: Database,
  principal: Principal,
  modelId: number,
  examples: { readonly positive: readonly ExampleId[]; readonly negative: readonly ExampleId[] },
): Promise<ExampleVector> {
  const all = [...examples.positive, ...examples.negative];
  const documentIds = all.flatMap((example) => ('documentId' in example ? [example.documentId] : []));
  const chunkIds = all.flatMap((example) => ('chunkId' in example ? [example.chunkId] : []));
  const statement = exampleVectorsStatement(principal.tenantId, modelId, documentIds, chunkIds);
  const rows = (await readAsTenant(database, principal, statement)).map((row) => ({
    ...row,
    vector: parseVector(row.vector),
  }));

  const vectorOf = (example: ExampleId): Float32Array => {
    const own = rows.filter((row) =>
      'documentId' in example ? row.documentId === example.documentId : row.chunkId === example.chunkId,
    );
    if (own.length > 0) return normaliseVector(mean(own.map(({ vector }) => vector)));
    throw new ExampleNotFoundError(exampleNotFound);
  };
  const near = mean(examples.positive.map(vectorOf));
  const far = examples.negative.length > 0 ? mean(examples.negative.map(vectorOf)) : undefined;
  return {
    full: toSearchable(near.map((component, index) => component - (far?.[index] ?? 0))),
    chunkIds: rows.map((row) => row.chunkId),
  };
}

function toSearchable(sum: Float64Array): Float32Array {
  try {
    const full = normaliseVector(sum);
    coarseVector(full);
    return full;
  } catch (cause) {
    if (!(cause instanceof InvalidVectorError)) throw cause;
    const message = 'The positive and negative examples cancel each other out, so they point nowhere; leave some out.';
    throw new Refusal('BAD_USER_INPUT', message, { cause });
  }
}

function mean(vectors: readonly Float32Array[]): Float64Array {
  const sum = new Float64Array(vectors[0]?.length ?? 0);
  for (const vector of vectors)
    for (const [index, component] of vector.entries()) sum[index] = (sum[index] ?? 0) + component;
  return sum.map((component) => component / vectors.length);
}
