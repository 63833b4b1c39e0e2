import type { Principal } from '../auth/principal.ts';
import { auditStatement } from '../db/audit.ts';
import { type Execute, transact } from '../db/database.ts';
import { operatorScopeOf } from '../db/scope.ts';
import { Refusal } from '../errors.ts';
import type { TenantId } from '../ids.ts';
import type { ManagedTenant } from './list-tenants.ts';
import type { TenantDeps } from './read-tenant.ts';
import { TenantStateError } from './tenant-error.ts';
import {
  changeTenantStatement,
  createTenantStatement,
  liftDeletionStatement,
  tenantByIdStatement,
} from './tenant-statements.ts';

const longestName = 200;

interface CreateDeps extends TenantDeps {
  /** Told before the commit: what this process remembers of the keys of a tenant that had the id before holds no longer. */
  readonly onRevoked?: (revocation: { readonly erasedTenantId: TenantId }) => void;
}

/**
 * Creates a tenant, also one that was deleted before. A tenant that a trusted issuer names needs no creating: its first write
 * registers it. The principal must hold `operator`, here as everywhere below: PostgreSQL refuses (42501) one that does not.
 * @throws {TenantStateError} `TENANT_EXISTS`. {Refusal} `BAD_USER_INPUT`.
 */
export async function createTenant(
  { database, onRevoked }: CreateDeps,
  principal: Principal,
  tenantId: TenantId,
  name: string,
): Promise<ManagedTenant> {
  checkName(name);
  return transact(database, operatorScopeOf(principal), async (execute) => {
    // A tenant that is being deleted is there, too, and the database lets nobody insert it.
    if ((await execute(tenantByIdStatement(tenantId))).length > 0)
      throw new TenantStateError('TENANT_EXISTS', tenantId);
    await execute(liftDeletionStatement(tenantId));
    const [created] = await execute(createTenantStatement(tenantId, name));
    if (!created) throw new TenantStateError('TENANT_EXISTS', tenantId);
    // From here on no key of before is there to be read and remembered again, and the id is still refused.
    onRevoked?.({ erasedTenantId: tenantId });
    await execute(auditStatement(tenantId, entryOf('createTenant', tenantId, { name })));
    return requireTenant(tenantId, execute);
  });
}

/**
 * Suspends a tenant: from the commit on its requests are refused by every gateway, and its jobs wait. Requests that are
 * under way end as they would have. A tenant that is suspended already stays so.
 * @throws {TenantStateError} `TENANT_NOT_FOUND` or `TENANT_BEING_DELETED`.
 */
export function suspendTenant(deps: TenantDeps, principal: Principal, tenantId: TenantId): Promise<ManagedTenant> {
  return change(deps, principal, tenantId, 'suspendTenant', { status: 'suspended' });
}

/** Ends a suspension: everything is as it was, and what waited is embedded. @throws as {@link suspendTenant}. */
export function resumeTenant(deps: TenantDeps, principal: Principal, tenantId: TenantId): Promise<ManagedTenant> {
  return change(deps, principal, tenantId, 'resumeTenant', { status: 'active' });
}

/**
 * Gives a tenant another name, for people. Its id, which tokens and rows name it by, stays what it is.
 * @throws as {@link suspendTenant}. {Refusal} `BAD_USER_INPUT`.
 */
export async function renameTenant(
  deps: TenantDeps,
  principal: Principal,
  tenantId: TenantId,
  name: string,
): Promise<ManagedTenant> {
  checkName(name);
  return change(deps, principal, tenantId, 'renameTenant', { name });
}

async function change(
  { database }: TenantDeps,
  principal: Principal,
  tenantId: TenantId,
  action: string,
  to: Parameters<typeof changeTenantStatement>[1],
): Promise<ManagedTenant> {
  const tenant = await transact(database, operatorScopeOf(principal), async (execute) => {
    const [changed] = await execute(changeTenantStatement(tenantId, to));
    const found = await requireTenant(tenantId, execute);
    if (!changed) throw new TenantStateError('TENANT_BEING_DELETED', tenantId);
    await execute(auditStatement(tenantId, entryOf(action, tenantId, to)));
    return found;
  });
  // Its subscriptions look, and find out.
  database.announceChange?.(tenantId);
  return tenant;
}

function entryOf(action: string, tenantId: TenantId, details: Readonly<Record<string, unknown>>) {
  return { action, targetKind: 'tenant', targetIds: [tenantId], details };
}

async function requireTenant(tenantId: TenantId, execute: Execute): Promise<ManagedTenant> {
  const [tenant] = await execute(tenantByIdStatement(tenantId));
  if (!tenant) throw new TenantStateError('TENANT_NOT_FOUND', tenantId);
  return tenant;
}

function checkName(name: string): void {
  if (name.length <= longestName && !name.includes('\0') && name.isWellFormed()) return;
  throw new Refusal(
    'BAD_USER_INPUT',
    `The name has ${name.length} characters or is no valid text; at most ${longestName} characters are allowed.`,
  );
}
