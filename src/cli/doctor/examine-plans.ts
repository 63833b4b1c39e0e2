import { counted } from '../../counted.ts';
import { type Database, readInFlight } from '../../db/database.ts';
import { tenantScope } from '../../db/scope.ts';
import { checkPlans, checkStranded, type PlannedStrategy } from '../../doctor/check-tenant.ts';
import { checkStrategy, type StrategyStatement } from '../../doctor/explain-strategy.ts';
import { sampleDocumentStatement, strandedChunksStatement } from '../../doctor/fact-statements.ts';
import type { Finding } from '../../doctor/finding.ts';
import type { PlanCircumstances } from '../../doctor/plan-expectation.ts';
import type { TenantTier } from '../../tiers/read-tier-status.ts';
import { doctorPrincipal, tenantStrategies } from './strategies.ts';

/** Share of rows that an index-only scan of a live database may look up: it is written to while it is looked at. */
const heapFetchShare = 0.1;

/** How large each table is, for everybody together. */
export type TableSizes = Pick<PlanCircumstances, 'pages' | 'rows'>;

/** A tenant, and the model that it is searched by. */
export interface ExaminedTenant {
  readonly tenant: TenantTier;
  readonly dimensions: number;
  /** Whether tenants have different ones, so that it is worth a word. */
  readonly namesModel: boolean;
}

/** How a tenant's rows are read, and whether all of its chunks have a vector or will get one. */
export async function examineTenant(
  gateway: Database,
  { tenant, dimensions, namesModel }: ExaminedTenant,
  sizes: TableSizes,
): Promise<Finding[]> {
  const { tenantId, modelId, chunks } = tenant;
  const reader = tenantScope(doctorPrincipal(tenantId));
  const [[some]] = await readInFlight(gateway, reader, [sampleDocumentStatement(tenantId, modelId)]);
  // The role that sees the whole tenant, whatever access lists its documents have.
  const writer = { role: 'tessera_tenant', tenantId, subject: 'tessera doctor' } as const;
  const [[row]] = await readInFlight(gateway, writer, [strandedChunksStatement(tenantId, modelId)]);
  const strategies = await tenantStrategies(gateway, {
    ...{ tenantId, model: { id: modelId, dimensions } },
    ...(some && { documentId: some.id, collection: some.collection, attribute: some.attributes?.[0] }),
  });
  const planned = await planAll(gateway, strategies, sizes, chunks);
  const ofModel = namesModel ? ` of ${tenant.model}` : '';
  return [
    ...checkPlans(`${tenantId} (${counted(chunks, 'chunk')}${ofModel})`, planned),
    ...checkStranded(tenantId, row?.stranded ?? 0),
  ];
}

/** Compares the plan of each strategy with the one that it should have. One that fails says why, and stops no other. */
export async function planAll(
  database: Database,
  strategies: readonly StrategyStatement[],
  sizes: TableSizes,
  tenantRows?: number,
): Promise<PlannedStrategy[]> {
  const planned: PlannedStrategy[] = [];
  const circumstances = { ...sizes, heapFetchShare, ...(tenantRows !== undefined && { tenantRows }) };
  for (const asked of strategies) {
    const { strategy } = asked;
    try {
      planned.push({ strategy, deviations: await checkStrategy(database, asked, circumstances) });
    } catch (error) {
      planned.push({ strategy, deviations: [], failure: error instanceof Error ? error.message : String(error) });
    }
  }
  return planned;
}
