import type { Principal } from '../auth/principal.ts';
import { auditStatement } from '../db/audit.ts';
import { type Database, readInFlight, transact } from '../db/database.ts';
import { operatorScopeOf } from '../db/scope.ts';
import { sqlstateOf } from '../db/sqlstate.ts';
import { Refusal } from '../errors.ts';
import { type ApiKeyId, parseTenantId, type TenantId } from '../ids.ts';
import { type Limits, largestLimit, type QuotaKind, quotaKinds, windowKinds } from '../quota.ts';
import type { LimitsBook } from './limits-book.ts';
import {
  deletedTenantStatement,
  type LimitsRow,
  limitsStatement,
  registerLimitedTenantStatement,
  type SetLimits,
  setLimitsStatement,
} from './quota-statements.ts';

export interface LimitsDeps {
  readonly database: Database;
  /** Told of what was set, so that this process knows it before anybody is told. */
  readonly limits: LimitsBook;
}

/** The limits that hold for a tenant or for one of its keys. */
export interface TenantLimits {
  readonly tenantId: TenantId;
  readonly keyId: ApiKeyId | undefined;
  readonly limits: Limits;
  /** Those that were set for it, and are not the configured ones. */
  readonly overrides: readonly QuotaKind[];
}

/** Reads what holds for a tenant, whether anybody has heard of it or not. The principal must hold `operator`. */
export async function readTenantLimits(
  { database, limits }: LimitsDeps,
  principal: Principal,
  tenant: string,
  keyId?: ApiKeyId,
): Promise<TenantLimits> {
  const tenantId = parseTenantId(tenant);
  const [rows] = await readInFlight(database, operatorScopeOf(principal), [limitsStatement(tenantId, keyId)]);
  if (rows[0]) limits.apply(rows[0]);
  return describe(limits, tenantId, keyId, rows[0]);
}

/**
 * Sets limits of a tenant or of one of its API keys, and leaves those that are not given; null brings the configured one
 * back. Other gateways hold to them within 5 seconds. The principal must hold `operator`.
 * @throws {Refusal} `BAD_USER_INPUT` for a limit that is none, or a key that the tenant does not have; `TENANT_DELETED` for a
 *   tenant that was deleted: limits do not bring it back.
 */
export async function setTenantLimits(
  { database, limits }: LimitsDeps,
  principal: Principal,
  tenant: string,
  keyId: ApiKeyId | undefined,
  change: Partial<SetLimits>,
): Promise<TenantLimits> {
  const tenantId = parseTenantId(tenant);
  checkChange(change, keyId);
  const entry = {
    action: 'setTenantLimits',
    targetKind: keyId === undefined ? 'tenant' : 'apiKey',
    targetIds: [keyId ?? tenantId],
    details: change,
  };
  try {
    const [row] = await transact(database, operatorScopeOf(principal), async (execute) => {
      if ((await execute(deletedTenantStatement(tenantId))).length > 0) throw deletedRefusal(tenantId);
      await execute(registerLimitedTenantStatement(tenantId));
      await execute(auditStatement(tenantId, entry));
      return execute(setLimitsStatement(tenantId, keyId, change));
    });
    if (!row) throw new Error('The limits were not stored.');
    limits.apply(row);
    return describe(limits, tenantId, keyId, row);
  } catch (error) {
    if (sqlstateOf(error) !== foreignKeyViolation) throw error;
    throw new Refusal('BAD_USER_INPUT', `The tenant ${tenantId} has no API key with the id that was given.`, {
      cause: error,
    });
  }
}

const foreignKeyViolation = '23503';

function deletedRefusal(tenantId: TenantId): Refusal {
  return new Refusal(
    'TENANT_DELETED',
    `The tenant ${tenantId} was deleted, or is being deleted. Limits can be set when an operator has created it anew.`,
  );
}

function checkChange(change: Partial<SetLimits>, keyId: ApiKeyId | undefined): void {
  for (const [kind, limit] of Object.entries(change)) {
    if (limit !== null && !(Number.isInteger(limit) && limit >= 0 && limit <= largestLimit)) {
      throw new Refusal(
        'BAD_USER_INPUT',
        `"${kind}" is ${limit}; a whole number from 0 to ${largestLimit} is allowed.`,
      );
    }
    if (keyId !== undefined && !(windowKinds as readonly string[]).includes(kind)) {
      throw new Refusal(
        'BAD_USER_INPUT',
        `"${kind}" cannot be limited for an API key: what is stored is the tenant's. Allowed are ${windowKinds.join(', ')}.`,
      );
    }
  }
}

function describe(
  limits: LimitsBook,
  tenantId: TenantId,
  keyId: ApiKeyId | undefined,
  row: LimitsRow | undefined,
): TenantLimits {
  const overrides = row ? quotaKinds.filter((kind) => row[kind] !== null) : [];
  return { tenantId, keyId, limits: limits.find(tenantId, keyId), overrides };
}
