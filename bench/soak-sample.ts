import type pg from 'pg';
import { type Database, readInFlight } from '../src/db/database.ts';
import { parseTenantId } from '../src/ids.ts';
import { measureSettings } from '../src/recall/measure-settings.ts';
import { mean } from '../src/recall/recall-measures.ts';
import { sampleQueriesStatement } from '../src/recall/recall-statements.ts';
import { measuringScope } from '../src/recall/timed-read.ts';

const sampledQueries = 50;
const candidates = 100;

/** recall@10 of what is planned, with 100 candidates, against reading every vector. The queries are the tenant's own vectors. */
export async function sampleRecall(gateway: Database, tenant: string, modelId: number): Promise<number> {
  const tenantId = parseTenantId(tenant);
  const vectors = { tenantId, modelId };
  const [queries] = await readInFlight(gateway, measuringScope(tenantId), [
    sampleQueriesStatement(vectors, sampledQueries, 1),
  ]);
  const grid = [{ stageOne: 'planned' as const, candidates, efSearch: candidates }];
  const { trials } = await measureSettings(gateway, vectors, queries, grid, {});
  return mean(trials.flat().map(({ recall }) => recall));
}

/** What the database says of itself. */
export interface DatabaseSample {
  readonly queue: number;
  /** Of embeddings and chunks together. */
  readonly deadRows: number;
  readonly liveRows: number;
  /** Of the covering scan of the tenant that is searched exactly. */
  readonly scan: string;
  readonly heapFetches: number;
  readonly scannedRows: number;
}

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Actual Rows': number;
  readonly 'Heap Fetches'?: number;
  readonly Plans?: readonly PlanNode[];
}

export async function sampleDatabase(
  superuser: pg.Client,
  exactTenant: string,
  modelId: number,
): Promise<DatabaseSample> {
  const { rows } = await superuser.query<Pick<DatabaseSample, 'queue' | 'deadRows' | 'liveRows'>>(`select
    (select count(*) from tessera.embedding_jobs)::int as queue,
    sum(n_dead_tup)::int as "deadRows", sum(n_live_tup)::int as "liveRows"
    from pg_stat_user_tables where schemaname = 'tessera' and relname in ('embeddings', 'chunks')`);
  const tenant = parseTenantId(exactTenant);
  await superuser.query(`begin; set local role tessera_reader; set local "tessera.tenant_id" = '${tenant}'`);
  try {
    // What stage one of the exact tier reads.
    const { rows: plans } = await superuser.query<{ 'QUERY PLAN': [{ Plan: PlanNode }] }>(
      `explain (analyze, format json) select sum(coarse <#> coarse), count(chunk_id), count(document_id)
       from tessera.embeddings where tenant_id = '${tenant}' and model_id = ${modelId}`,
    );
    const scan = findScan((plans[0] as (typeof plans)[0])['QUERY PLAN'][0].Plan);
    return {
      ...(rows[0] as (typeof rows)[0]),
      scan: scan?.['Node Type'] ?? 'none',
      heapFetches: scan?.['Heap Fetches'] ?? 0,
      scannedRows: scan?.['Actual Rows'] ?? 0,
    };
  } finally {
    await superuser.query('rollback');
  }
}

function findScan(node: PlanNode): PlanNode | undefined {
  if (node['Node Type'].endsWith('Scan')) return node;
  return node.Plans?.map(findScan).find((found) => found !== undefined);
}
