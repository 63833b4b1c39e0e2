import { sql } from 'kysely';
import type { Attribute } from '../attribute.ts';
import { sqlBuilder } from '../db/compile.ts';
import type { Statement } from '../db/database.ts';
import type { DocumentId, TenantId } from '../ids.ts';
import type { AutovacuumFacts } from './check-autovacuum.ts';
import type { IndexFacts } from './check-indexes.ts';
import { type JobFacts, manyAttempts } from './check-jobs.ts';
import type { SettingFacts } from './check-settings.ts';
import type { TableFacts } from './check-vacuum.ts';

/** What the server says of itself. */
export interface ServerRow extends SettingFacts, AutovacuumFacts {
  readonly postgres: number;
  readonly pgvector: string;
  readonly autovacuum: boolean;
  readonly trackCounts: boolean;
  readonly sharedBuffersBytes: number;
  readonly lacksHugePages: boolean | null;
  readonly effectiveCacheBytes: number;
}

/** The first column loads pgvector, whose settings are not there before. */
export function serverStatement(): Statement<ServerRow> {
  return compiled(sql<ServerRow>`
    select vector_dims('[0]'::vector) as loaded,
      current_setting('server_version_num')::integer as postgres,
      (select extversion from pg_catalog.pg_extension where extname = 'vector') as pgvector,
      current_setting('autovacuum')::boolean as autovacuum,
      current_setting('track_counts')::boolean as "trackCounts",
      (select setting::integer from pg_catalog.pg_settings where name = 'autovacuum_naptime') as "autovacuumNaptimeSeconds",
      current_setting('autovacuum_max_workers')::integer as "autovacuumWorkers",
      (select nullif(setting, '-1')::float8 * 1024 from pg_catalog.pg_settings where name = 'autovacuum_work_mem')
        as "autovacuumWorkMemBytes",
      pg_size_bytes(current_setting('shared_buffers'))::float8 as "sharedBuffersBytes",
      current_setting('huge_pages_status', true) = 'off' as "lacksHugePages",
      pg_size_bytes(current_setting('effective_cache_size'))::float8 as "effectiveCacheBytes",
      pg_size_bytes(current_setting('maintenance_work_mem'))::float8 as "maintenanceWorkMemBytes",
      current_setting('wal_compression') as "walCompression",
      current_setting('max_parallel_workers')::integer as "maxParallelWorkers",
      current_setting('max_worker_processes')::integer as "maxWorkerProcesses",
      (select reset_val::float8 from pg_catalog.pg_settings where name = 'random_page_cost') as "randomPageCost",
      coalesce(current_setting('hnsw.max_scan_tuples', true), '20000')::integer as "maxScanTuples"`);
}

/** The tables with what the server last counted of them, the rows that its planner goes by, and the pages that they have now. */
export function tablesStatement() {
  return compiled(sql<TableFacts & { readonly pagesNow: number; readonly plannedRows: number | null }>`
    select c.relname as name, c.relpages as pages, c.relallvisible as "visiblePages",
      (pg_relation_size(c.oid) / current_setting('block_size')::integer)::float8 as "pagesNow",
      nullif(c.reltuples, -1)::float8 as "plannedRows",
      coalesce(s.n_live_tup, 0)::float8 as "liveRows", coalesce(s.n_dead_tup, 0)::float8 as "deadRows",
      c.reltuples >= 0 as analysed, coalesce(c.reloptions, '{}') as options
    from pg_catalog.pg_class c left join pg_catalog.pg_stat_all_tables s on s.relid = c.oid
    where c.relnamespace = 'tessera'::regnamespace and c.relkind = 'r'
    order by c.relname`);
}

export function indexesStatement(): Statement<IndexFacts> {
  return compiled(sql<IndexFacts>`
    select c.relname as name, t.relname as "table", i.indisvalid as valid, pg_relation_size(c.oid)::float8 as "sizeBytes"
    from pg_catalog.pg_index i
    join pg_catalog.pg_class c on c.oid = i.indexrelid
    join pg_catalog.pg_class t on t.oid = i.indrelid
    where c.relnamespace = 'tessera'::regnamespace
    order by c.relname`);
}

/** How large each tenant was when its recall was measured, and by which tier it was searched. */
export function measuredStatement() {
  return sqlBuilder
    .selectFrom('recall_curves')
    .select([
      sql.ref<TenantId>('tenant_id').as('tenantId'),
      'model_id as modelId',
      sql.ref<'exact' | 'hnsw'>('tier').as('tier'),
      'chunks',
    ])
    .orderBy('tenant_id')
    .orderBy('model_id');
}

/** A tenant's model. */
interface TenantModel {
  readonly tenantId: TenantId;
  readonly modelId: number;
}

/**
 * The whole outbox, in a row for models that searches look at and one for the others; none for what is empty. Only the worker's
 * role sees it.
 * @param beside models of tenants that no search looks at, which the worker's role does not see.
 */
export function waitingJobsStatement(beside: readonly TenantModel[]): Statement<JobFacts & { isBeside: boolean }> {
  const tenants = beside.map(({ tenantId }) => tenantId);
  const models = beside.map(({ modelId }) => modelId);
  return compiled(sql<JobFacts & { isBeside: boolean }>`
    select (j.tenant_id, j.model_id) in (select * from unnest(${tenants}::text[], ${models}::smallint[])) as "isBeside",
      (count(*) filter (where j.dead_at is null))::integer as waiting,
      coalesce(extract(epoch from now() - min(j.created_at) filter (where j.dead_at is null)), 0)::float8 as "oldestSeconds",
      (count(*) filter (where j.dead_at is null and j.attempts >= ${sql.lit(manyAttempts)}))::integer as failing,
      (count(*) filter (where j.dead_at is not null))::integer as dead
    from embedding_jobs j
    group by 1`);
}

/** How many chunks of a tenant nothing will ever embed by a model. */
export function strandedChunksStatement(tenantId: TenantId, modelId: number) {
  const lacking = (table: 'embedding_jobs' | 'unembeddable_chunks') =>
    sql<boolean>`not exists (select from ${sql.table(table)} x where x.tenant_id = ${tenantId} and x.chunk_id = chunks.id
      and x.model_id = ${modelId}::smallint)`;
  return sqlBuilder
    .selectFrom('chunks')
    .select(sql<number>`count(*)::integer`.as('stranded'))
    .where('tenant_id', '=', tenantId)
    .where(
      sql<boolean>`not exists (select from embeddings x where x.tenant_id = ${tenantId} and x.chunk_id = chunks.id
        and x.model_id = ${modelId}::smallint and x.stand_in = 0)`,
    )
    .where(lacking('embedding_jobs'))
    .where(lacking('unembeddable_chunks'));
}

/** A document that has a vector by a model, with what its collection declares; none where the reader sees none. */
export function sampleDocumentStatement(tenantId: TenantId, modelId: number) {
  return sqlBuilder
    .selectFrom('embeddings')
    .innerJoin('documents', 'documents.id', 'embeddings.document_id')
    .leftJoin('collections', (join) =>
      join.on('collections.tenant_id', '=', tenantId).onRef('collections.name', '=', 'documents.collection'),
    )
    .select([
      sql.ref<DocumentId>('documents.id').as('id'),
      'documents.collection',
      sql<readonly Attribute[] | null>`collections.attributes`.as('attributes'),
    ])
    .where('embeddings.tenant_id', '=', tenantId)
    .where('embeddings.model_id', '=', modelId)
    .where('documents.tenant_id', '=', tenantId)
    .limit(1);
}

function compiled<Row>(query: ReturnType<typeof sql<Row>>): Statement<Row> {
  return { compile: () => query.compile(sqlBuilder) };
}
