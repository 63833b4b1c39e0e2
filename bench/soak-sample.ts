import type pg from 'pg';
import { tenantStrategies } from '../src/cli/doctor/strategies.ts';
import { type Database, readInFlight } from '../src/db/database.ts';
import { explainStrategy, type StrategyStatement } from '../src/doctor/explain-strategy.ts';
import type { PlanNode } from '../src/doctor/plan-node.ts';
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

/** How many vectors have died by now: by an update, which leaves the old row, or by a deletion. */
export async function countDeaths(superuser: pg.Client): Promise<number> {
  const { rows } = await superuser.query<{ died: number }>(
    `select (n_tup_upd + n_tup_del)::int as died from pg_stat_user_tables where relid = 'tessera.embeddings'::regclass`,
  );
  return rows[0]?.died ?? 0;
}

/** What the database says of itself. */
export interface DatabaseSample {
  readonly queue: number;
  /** Of embeddings. */
  readonly deadRows: number;
  readonly liveRows: number;
  /** By autovacuum, since the start. */
  readonly vacuums: number;
  /** Of the covering scan of the tenant that is searched exactly. */
  readonly scan: string;
  readonly heapFetches: number;
  readonly scannedRows: number;
}

/** Asks the database of its rows, and the gateway's own search of the small tenant, as its role, how it reads them. */
export async function sampleDatabase(
  superuser: pg.Client,
  gateway: Database,
  exactTenant: string,
  model: { readonly id: number; readonly dimensions: number },
): Promise<DatabaseSample> {
  const { rows } = await superuser.query<Omit<DatabaseSample, 'scan' | 'heapFetches' | 'scannedRows'>>(`select
    (select count(*) from tessera.embedding_jobs)::int as queue,
    n_dead_tup::int as "deadRows", n_live_tup::int as "liveRows", autovacuum_count::int as vacuums
    from pg_stat_user_tables where relid = 'tessera.embeddings'::regclass`);
  const [asked] = await tenantStrategies(gateway, { tenantId: parseTenantId(exactTenant), model, collection: 'soak' });
  // Stage one is what reads the most rows of the vectors: stage two looks up a hundred.
  const [scan] = scansOf((await explainStrategy(gateway, asked as StrategyStatement)).plan).toSorted(
    (a, b) => rowsOf(b) - rowsOf(a),
  );
  return {
    ...(rows[0] as (typeof rows)[0]),
    scan: scan?.['Node Type'] ?? 'none',
    heapFetches: scan?.['Heap Fetches'] ?? 0,
    scannedRows: scan ? rowsOf(scan) : 0,
  };
}

function scansOf(node: PlanNode): PlanNode[] {
  const isScan = node['Relation Name'] === 'embeddings';
  return [...(isScan ? [node] : []), ...(node.Plans ?? []).flatMap(scansOf)];
}

const rowsOf = (node: PlanNode) => (node['Actual Rows'] ?? 0) * (node['Actual Loops'] ?? 1);
