import type { Principal } from '../auth/principal.ts';
import type { ApiKeyId, TenantId } from '../ids.ts';
import type { Logger } from '../log.ts';
import { type Limits, quotaKinds } from '../quota.ts';
import type { LimitsRow } from './quota-statements.ts';

/** What a caller is held to: the tenant's limits, and those of the API key that was shown. Absent: nothing. */
export interface CallerLimits {
  readonly tenant: Limits | undefined;
  readonly key: Limits | undefined;
}

/** The limits of every tenant, in memory: most have none of their own, and a caller without any costs a look into a map. */
export interface LimitsBook {
  of(principal: Principal): CallerLimits;
  /** What holds for a tenant or a key, without asking whether it exists. */
  find(tenantId: TenantId, keyId: ApiKeyId | undefined): Limits;
  /** Puts in what was set. */
  apply(row: LimitsRow): void;
  /**
   * Sees to it that the book is no older than it may be: reads what has changed, in the background while that is early enough.
   * @returns what has to be waited for, where it is not.
   */
  freshen(): Promise<void> | undefined;
}

/** Reads the limits that were set in the last seconds; all there are without them. */
export type ReadLimits = (seconds: number | undefined) => Promise<readonly LimitsRow[]>;

const freshForMs = 5_000;
/** A gateway that nobody asked for so long waits for the answer. */
const usableForMs = 30_000;
/** Transactions commit later than they say. */
const overlapSeconds = 60;

/**
 * @param defaults limits of a tenant for which no others were set.
 * @param now a clock that is never set back, in milliseconds.
 */
export async function openLimitsBook(
  read: ReadLimits,
  defaults: Limits,
  log: Logger,
  now: () => number = () => performance.now(),
): Promise<LimitsBook> {
  const tenants = new Map<TenantId, Limits>();
  const keys = new Map<ApiKeyId, Limits>();
  const usualLimits = Object.keys(defaults).length > 0 ? defaults : undefined;
  let readAtMs = now();
  let reading: Promise<void> | undefined;

  function apply(row: LimitsRow): void {
    const set = limitsIn(row);
    if (row.keyId !== null) keys.set(row.keyId, set);
    // Also a tenant that was erased: the next one of its id is held to the usual limits.
    else if (Object.keys(set).length === 0) tenants.delete(row.tenantId);
    else tenants.set(row.tenantId, { ...defaults, ...set });
  }

  async function readChanges(): Promise<void> {
    const startedAtMs = now();
    try {
      for (const row of await read((startedAtMs - readAtMs) / 1_000 + overlapSeconds)) apply(row);
      readAtMs = startedAtMs;
    } catch (error) {
      log.warn({ err: error }, 'the limits of tenants were not read; those known before go on to hold');
    } finally {
      reading = undefined;
    }
  }

  for (const row of await read(undefined)) apply(row);
  return {
    of: ({ tenantId, keyId }) => ({
      tenant: tenants.get(tenantId) ?? usualLimits,
      key: keyId === undefined ? undefined : keys.get(keyId),
    }),
    find: (tenantId, keyId) => (keyId === undefined ? (tenants.get(tenantId) ?? usualLimits) : keys.get(keyId)) ?? {},
    apply,
    freshen() {
      const ageMs = now() - readAtMs;
      if (ageMs < freshForMs) return undefined;
      reading ??= readChanges();
      return ageMs < usableForMs ? undefined : reading;
    },
  };
}

function limitsIn(row: LimitsRow): Limits {
  return Object.fromEntries(quotaKinds.flatMap((kind) => (row[kind] === null ? [] : [[kind, row[kind]]])));
}
