import type { Principal } from '../auth/principal.ts';
import type { Database } from '../db/database.ts';
import type { TenantId } from '../ids.ts';
import { type ChooseOptions, type ChosenSetting, chooseSetting, type RecallWish } from './choose-setting.ts';
import { readTuning, type Tuning } from './read-tuning.ts';
import { createTuningCache } from './tuning-cache.ts';

export interface TunedSearchOptions extends ChooseOptions {
  /** How long what was read of a tenant is used before it is read anew; half a minute unless told otherwise. */
  readonly ttlMs?: number;
  /** Tenants that are remembered: 2,000 unless told otherwise, some 3 kB each. */
  readonly maxEntries?: number;
}

/** A setting, with what decides how it is carried out under a filter. Reading every full vector depends on neither. */
type TunedDepth =
  | (Extract<ChosenSetting, { kind: 'two-stage' }> & Pick<Tuning, 'tier' | 'chunks'>)
  | Extract<ChosenSetting, { kind: 'exact' }>;

/** What a search asks before it is planned. */
export interface TunedSearch {
  /** How far to look. EXACT needs no curve, so it reads none. */
  chooseDepth(principal: Principal, wish: RecallWish): Promise<TunedDepth>;
  /** Languages of the tenant whose chunks have a word index. */
  wordIndexes(principal: Principal): Promise<readonly string[]>;
  /** Whether documents of the tenant may be hidden from some who search it. */
  hasAccessLists(principal: Principal): Promise<boolean>;
  /** Whether the tables are so large, and so well known to the planner, that a plan for any tenant is a good one. */
  mayPlanOnce(principal: Principal): Promise<boolean>;
  /** The model by which the tenant is searched; null where it has none. */
  activeModel(principal: Principal): Promise<number | null>;
  /** Has all of it read anew, as after a change of the model: of a tenant, or of everybody. */
  forget(tenantId?: TenantId): void;
}

const defaults = { ttlMs: 30_000, maxEntries: 2_000 };

/**
 * Makes what searches ask how each tenant is indexed and what was measured of it: read once and remembered for both. What
 * it says may be half a minute old, ten times that for a tenant's first search in a while, and no answer is wrong for it:
 * a word index that has gone meanwhile is a slower search, the first access list of a tenant is kept by the policies, and a
 * search by a model that is not active any more is refused by its own statement.
 */
export function createTunedSearch(
  deps: { readonly database: Database },
  { ttlMs = defaults.ttlMs, maxEntries = defaults.maxEntries, ...choice }: TunedSearchOptions = {},
): TunedSearch {
  const cache = createTuningCache((principal) => readTuning(deps, principal), { ttlMs, maxEntries });
  return {
    async chooseDepth(principal, wish) {
      if ('profile' in wish && wish.profile === 'EXACT') return { kind: 'exact' };
      const { curve, tier, chunks } = await cache.read(principal);
      const chosen = chooseSetting(curve, wish, choice);
      return chosen.kind === 'exact' ? chosen : { ...chosen, tier, chunks };
    },
    wordIndexes: async (principal) => (await cache.read(principal)).wordIndexes,
    hasAccessLists: async (principal) => (await cache.read(principal)).hasAccessLists,
    mayPlanOnce: async (principal) => (await cache.read(principal)).mayPlanOnce,
    activeModel: async (principal) => (await cache.read(principal)).modelId,
    forget: cache.forget,
  };
}
