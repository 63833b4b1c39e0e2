import type { Principal } from '../auth/principal.ts';
import { sqlBuilder } from '../db/compile.ts';
import { type Database, readInFlight } from '../db/database.ts';
import { tenantScope } from '../db/scope.ts';
import type { TenantId } from '../ids.ts';
import type { ModelRole } from './role-statements.ts';

type Tier = 'exact' | 'hnsw';

/** An embedding model that the caller's tenant has, or had, vectors of. */
export interface OwnModel {
  readonly name: string;
  /** Components of its full vectors. */
  readonly dimensions: number;
  readonly role: ModelRole;
  /** How its vectors are searched: one by one, or through a graph of their own. */
  readonly tier: Tier;
  /** When the tenant got it. */
  readonly createdAt: Date;
}

/** The one that is searched first, then those to come, then those that were. */
export function ownModelsStatement(tenantId: TenantId) {
  return sqlBuilder
    .selectFrom('tenant_models')
    .innerJoin('models', 'models.id', 'tenant_models.model_id')
    .select(['models.name', 'models.dimensions', 'tenant_models.created_at as createdAt'])
    .select((eb) => [eb.ref('role').$castTo<ModelRole>().as('role'), eb.ref('tier').$castTo<Tier>().as('tier')])
    .where('tenant_id', '=', tenantId)
    .orderBy('role')
    .orderBy('models.id');
}

/** The tenant's models; none before its first write. */
export async function readOwnModels(
  deps: { readonly database: Database },
  principal: Principal,
): Promise<readonly OwnModel[]> {
  const statement = ownModelsStatement(principal.tenantId);
  const [rows] = await readInFlight(deps.database, tenantScope(principal), [statement]);
  return rows;
}
