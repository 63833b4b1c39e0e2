import type { Principal } from '../auth/principal.ts';
import { decodeCursor, encodeCursor, fingerprint } from '../cursor.ts';
import { readInFlight } from '../db/database.ts';
import { operatorScopeOf } from '../db/scope.ts';
import { Refusal } from '../errors.ts';
import { isTenantId, type TenantId } from '../ids.ts';
import { checkPageSize, type Page, toPage } from '../page.ts';
import type { TenantDeps } from './read-tenant.ts';
import {
  type TenantStatus,
  tenantByIdStatement,
  tenantListStatement,
  tenantSizesStatement,
} from './tenant-statements.ts';

/** A tenant as the operator sees it: who it is, and never what it holds. */
export interface ManagedTenant {
  readonly id: TenantId;
  /** For people; empty for a tenant that registered itself. */
  readonly name: string;
  readonly status: TenantStatus;
  readonly createdAt: Date;
  /** How the vectors that are searched are indexed; null where there never were any. */
  readonly tier: 'exact' | 'hnsw' | null;
}

/** How much a tenant holds, counted when it was asked for. */
export interface TenantSizes {
  readonly documents: number;
  readonly chunks: number;
  readonly embeddings: number;
  /**
   * Its share of the bytes of these three tables, by rows, without indexes. An estimate: rows of other tenants may be longer.
   * Null where PostgreSQL has not analysed a table yet.
   */
  readonly tableBytes: number | null;
}

export interface ListTenantsRequest {
  readonly status?: TenantStatus | null;
  readonly first?: number | null;
  readonly after?: string | null;
}

/** A tenant of a page, with the cursor that leads on from it. */
export interface ListedTenant {
  readonly tenant: ManagedTenant;
  readonly cursor: string;
}

/**
 * One page of all tenants, by id. The principal must hold `operator`: PostgreSQL shows anybody else their own tenant at most.
 * @throws {Refusal} `BAD_USER_INPUT` or `INVALID_CURSOR`.
 */
export async function listTenants(
  { database }: TenantDeps,
  principal: Principal,
  request: ListTenantsRequest,
): Promise<Page<ListedTenant>> {
  const first = checkPageSize(request.first);
  const status = request.status ?? undefined;
  const list = fingerprint(['tenants', status]);
  const statement = tenantListStatement({
    ...(status && { status }),
    ...(request.after != null && { after: readPlace(list, request.after) }),
    limit: first + 1,
  });
  const [rows] = await readInFlight(database, operatorScopeOf(principal), [statement]);
  const { items, hasNextPage } = toPage(rows, first);
  return { items: items.map((tenant) => ({ tenant, cursor: encodeCursor(list, [tenant.id]) })), hasNextPage };
}

function readPlace(list: string, cursor: string): TenantId {
  const [id] = decodeCursor(list, cursor);
  if (isTenantId(id)) return id;
  throw new Refusal('INVALID_CURSOR', 'The cursor given as "after" names no tenant.');
}

/** One tenant; undefined where there is none of that id. */
export async function readManagedTenant(
  { database }: TenantDeps,
  principal: Principal,
  tenantId: TenantId,
): Promise<ManagedTenant | undefined> {
  const [rows] = await readInFlight(database, operatorScopeOf(principal), [tenantByIdStatement(tenantId)]);
  return rows[0];
}

/** Counts what tenants hold: from indexes alone, some 0.1 s for each million rows. By tenant. */
export async function readTenantSizes(
  { database }: TenantDeps,
  principal: Principal,
  tenantIds: readonly TenantId[],
): Promise<Map<TenantId, TenantSizes>> {
  const [rows] = await readInFlight(database, operatorScopeOf(principal), [tenantSizesStatement(tenantIds)]);
  return new Map(rows.map(({ tenantId, ...sizes }) => [tenantId, sizes]));
}
