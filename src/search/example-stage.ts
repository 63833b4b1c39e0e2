import { sql } from 'kysely';
import { sqlBuilder } from '../db/compile.ts';
import type { TenantId } from '../ids.ts';
import { COARSE_DIMENSIONS } from '../vector.ts';
import type { ExampleId } from './search-input.ts';
import type { SemanticPlan, VectorOperands } from './search-plan.ts';
import type { SearchTables } from './search-tables.ts';

/** A stored document or passage as what a search is near to: its vector is read by the search's own statement. */
export function exampleOperands(example: ExampleId): VectorOperands {
  return {
    example,
    full: sql`(select example.full_vector from example)`,
    coarse: sql`(select example.coarse from example)`,
  };
}

/**
 * The stage that the operands of an example read, by its name; none for a search by a vector that came with it.
 *
 * One row with the mean of its passages, or none where the caller sees no such document or it has no vector yet. Later stages
 * read it as a scalar sub-select, which PostgreSQL computes once and first: a graph is searched in its order as in that of
 * a parameter.
 */
export function exampleStages(
  tenantId: TenantId,
  { modelId, example }: Pick<SemanticPlan, 'modelId' | 'example'>,
): [keyof SearchTables, unknown][] {
  if (!example) return [];
  // Through `documents`: what a policy hides there is no example.
  const mean = sqlBuilder
    .selectFrom('embeddings')
    .innerJoin('documents', 'documents.id', 'embeddings.document_id')
    .select(sql<string>`avg(embeddings.full_vector)`.as('vector'))
    .where('embeddings.tenant_id', '=', tenantId)
    .where('embeddings.model_id', '=', modelId)
    .where('documents.tenant_id', '=', tenantId)
    .where(isExample(example));
  const stage = sqlBuilder
    .selectFrom(mean.as('mean'))
    .select([
      sql<string>`l2_normalize(mean.vector)`.as('full_vector'),
      sql<string>`l2_normalize(subvector(mean.vector, 1, ${sql.lit(COARSE_DIMENSIONS)}))::halfvec`.as('coarse'),
    ])
    // Passages that cancel each other out point nowhere.
    .where(sql<number>`vector_norm(subvector(mean.vector, 1, ${sql.lit(COARSE_DIMENSIONS)}))`, '>', sql.lit(0));
  return [['example', stage]];
}

/** A row of `embeddings` that is the example's own. */
export function isExample(example: ExampleId) {
  return 'documentId' in example
    ? sql<boolean>`embeddings.document_id = ${example.documentId}::uuid`
    : sql<boolean>`embeddings.chunk_id = ${example.chunkId}::uuid`;
}

/** A row of `embeddings` that an example may find: any but its own, and none where there is no vector to be near to. */
export function besidesExample(example: ExampleId) {
  const own =
    'documentId' in example
      ? sql<boolean>`embeddings.document_id <> ${example.documentId}::uuid`
      : sql<boolean>`embeddings.chunk_id <> ${example.chunkId}::uuid`;
  return sql<boolean>`${own} and exists (select from example)`;
}
