import { sql } from 'kysely';
import { sqlBuilder } from '../db/compile.ts';
import type { ChunkId, TenantId } from '../ids.ts';
import type { SearchSetting } from './recall-curve.ts';

/** A tenant's vectors of one model. */
export interface Vectors {
  readonly tenantId: TenantId;
  readonly modelId: number;
}

/** A vector that serves as a query, both forms in pgvector's binary format: those of the tenant's are sent back as they came. */
export interface SampledQuery {
  /** The chunk of which it is; absent for what somebody asked. */
  readonly chunkId?: ChunkId;
  readonly full: Buffer;
  readonly coarse: Buffer;
}

/** A chunk that was found; a lower distance is nearer. */
export interface Found {
  readonly chunkId: ChunkId;
  readonly distance: number;
}

/** The tenant's active model, or another of its models, how it is indexed, and how many vectors there are. */
export function measuredModelStatement(tenantId: TenantId, modelId?: number) {
  return sqlBuilder
    .selectFrom('tenant_models')
    .select((eb) => [
      'model_id as modelId',
      sql.ref<'exact' | 'hnsw'>('tier').as('tier'),
      eb
        .selectFrom('embeddings')
        .select(sql<number>`count(*)::integer`.as('chunks'))
        .where('embeddings.tenant_id', '=', tenantId)
        .whereRef('embeddings.model_id', '=', 'tenant_models.model_id')
        .$asScalar()
        .$notNull()
        .as('chunks'),
    ])
    .where('tenant_id', '=', tenantId)
    .where('role', '<>', 'retired')
    .$if(modelId === undefined, (query) => query.where('role', '=', 'active'))
    .$if(modelId !== undefined, (query) => query.where('model_id', '=', modelId as number));
}

/** First sentences of a tenant's passages, in place of questions that nobody wrote down; the same ones for the same seed. */
export function sampleTextsStatement(tenantId: TenantId, size: number, seed: number) {
  return sqlBuilder
    .selectFrom('chunks')
    .select(sql<string>`left(regexp_replace(chunks.text, '([.!?])\\s.*$', '\\1', 's'), 200)`.as('text'))
    .where('tenant_id', '=', tenantId)
    .where(sql<boolean>`chunks.text ~ '\\w'`)
    .orderBy(sql`md5(chunks.id::text || ${String(seed)}::text)`)
    .limit(size);
}

/** Vectors picked at random, the same ones for the same seed. */
export function sampleQueriesStatement({ tenantId, modelId }: Vectors, size: number, seed: number) {
  return sqlBuilder
    .with(
      (cte) => cte('picked').materialized(),
      (db) =>
        db
          .selectFrom('embeddings')
          .select('chunk_id')
          .where('tenant_id', '=', tenantId)
          .where('model_id', '=', modelId)
          .orderBy(sql`md5(chunk_id::text || ${String(seed)}::text)`)
          .limit(size),
    )
    .selectFrom('picked')
    .innerJoin('embeddings', 'embeddings.chunk_id', 'picked.chunk_id')
    .select([
      sql.ref<ChunkId>('embeddings.chunk_id').as('chunkId'),
      sql<Buffer>`vector_send(embeddings.full_vector)`.as('full'),
      sql<Buffer>`halfvec_send(embeddings.coarse)`.as('coarse'),
    ])
    .where('embeddings.tenant_id', '=', tenantId)
    .where('embeddings.model_id', '=', modelId);
}

/** Both stages of a search, as search sends them: keys by coarse vector, then those at full precision. */
export function twoStageStatement(
  { tenantId, modelId }: Vectors,
  query: Pick<SampledQuery, 'full' | 'coarse'>,
  { stageOne, candidates }: Pick<SearchSetting, 'stageOne' | 'candidates'>,
  limit: number,
) {
  const distance = stageOne === 'covering' ? unindexedDistance(query) : coarseDistance(query);
  return sqlBuilder
    .with(
      (cte) => cte('candidates').materialized(),
      (db) =>
        db
          .selectFrom('embeddings')
          .select('chunk_id')
          .where('tenant_id', '=', tenantId)
          .where('model_id', '=', modelId)
          .orderBy(distance)
          .limit(candidates),
    )
    .selectFrom('candidates')
    .innerJoin('embeddings', 'embeddings.chunk_id', 'candidates.chunk_id')
    .select([
      sql.ref<ChunkId>('embeddings.chunk_id').as('chunkId'),
      sql<number>`embeddings.full_vector <#> ${query.full}::vector`.as('distance'),
    ])
    .where('embeddings.tenant_id', '=', tenantId)
    .where('embeddings.model_id', '=', modelId)
    .orderBy('distance')
    .limit(limit);
}

/** Stage one alone, by the index that the planner chooses. */
export function stageOneStatement(vectors: Vectors, query: Pick<SampledQuery, 'coarse'>, candidates: number) {
  return nearestByCoarse(vectors, candidates, coarseDistance(query));
}

/** What stage one should have found. */
export function exactStageOneStatement(vectors: Vectors, query: Pick<SampledQuery, 'coarse'>, candidates: number) {
  return nearestByCoarse(vectors, candidates, unindexedDistance(query));
}

function coarseDistance({ coarse }: Pick<SampledQuery, 'coarse'>) {
  return sql<number>`coarse <#> ${coarse}::halfvec`;
}

/** The sum keeps the planner from an index that returns this order, so everything is read, from the covering index. */
function unindexedDistance(query: Pick<SampledQuery, 'coarse'>) {
  return sql<number>`(${coarseDistance(query)}) + 0`;
}

function nearestByCoarse({ tenantId, modelId }: Vectors, candidates: number, distance: ReturnType<typeof sql<number>>) {
  return sqlBuilder
    .selectFrom('embeddings')
    .select([sql.ref<ChunkId>('chunk_id').as('chunkId'), distance.as('distance')])
    .where('tenant_id', '=', tenantId)
    .where('model_id', '=', modelId)
    .orderBy('distance')
    .limit(candidates);
}

/** What a search should have found: every full vector is read. */
export function exhaustiveStatement({ tenantId, modelId }: Vectors, query: Pick<SampledQuery, 'full'>, limit: number) {
  return sqlBuilder
    .selectFrom('embeddings')
    .select([
      sql.ref<ChunkId>('chunk_id').as('chunkId'),
      sql<number>`full_vector <#> ${query.full}::vector`.as('distance'),
    ])
    .where('tenant_id', '=', tenantId)
    .where('model_id', '=', modelId)
    .orderBy('distance')
    .limit(limit);
}
