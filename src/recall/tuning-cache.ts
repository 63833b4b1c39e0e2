import type { Principal } from '../auth/principal.ts';
import type { TenantId } from '../ids.ts';
import type { Tuning } from './read-tuning.ts';

export interface TuningCacheOptions {
  /** How long what was read counts as fresh. */
  readonly ttlMs: number;
  /** Tenants that are remembered at most; beyond it the one that was used least recently is forgotten. */
  readonly maxEntries: number;
  readonly nowMs?: () => number;
}

/** What is known about tenants' searches, kept so that a search need not ask first. */
export interface TuningCache {
  read(principal: Principal): Promise<Tuning>;
  /** Has a tenant's read anew, or everybody's. */
  forget(tenantId?: TenantId): void;
}

interface Entry {
  value: Promise<Tuning>;
  readAtMs: number;
  refreshing: boolean;
}

/** How many times {@link TuningCacheOptions.ttlMs} old what was read may be and still be used while it is read anew. */
const staleFactor = 10;

/**
 * Remembers what `load` read. Searches of one tenant that come at once share one reading. Past its time the old value is
 * returned once more while a new one is read, so that only a tenant's first search in a long while waits for it. A
 * reading that fails is not remembered.
 */
export function createTuningCache(
  load: (principal: Principal) => Promise<Tuning>,
  { ttlMs, maxEntries, nowMs = Date.now }: TuningCacheOptions,
): TuningCache {
  // A Map keeps the order of insertion; putting an entry back at each use makes its first key the least recently used.
  const entries = new Map<TenantId, Entry>();

  function start(principal: Principal): Entry {
    const entry: Entry = { value: load(principal), readAtMs: nowMs(), refreshing: false };
    entry.value.catch(() => {
      if (entries.get(principal.tenantId) === entry) entries.delete(principal.tenantId);
    });
    return entry;
  }

  function refresh(principal: Principal, entry: Entry): void {
    if (entry.refreshing) return;
    entry.refreshing = true;
    const value = load(principal);
    value.then(
      () => Object.assign(entry, { value, readAtMs: nowMs(), refreshing: false }),
      () => Object.assign(entry, { refreshing: false }),
    );
  }

  return {
    read(principal) {
      const { tenantId } = principal;
      const known = entries.get(tenantId);
      const ageMs = known ? nowMs() - known.readAtMs : Number.POSITIVE_INFINITY;
      const entry = known && ageMs < ttlMs * staleFactor ? known : start(principal);
      if (entry === known && ageMs >= ttlMs) refresh(principal, entry);
      entries.delete(tenantId);
      entries.set(tenantId, entry);
      const [oldest] = entries.keys();
      if (entries.size > maxEntries && oldest !== undefined) entries.delete(oldest);
      return entry.value;
    },
    forget(tenantId) {
      if (tenantId === undefined) entries.clear();
      else entries.delete(tenantId);
    },
  };
}
