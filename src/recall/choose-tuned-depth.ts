import type { Principal } from '../auth/principal.ts';
import type { Database } from '../db/database.ts';
import { type ChooseOptions, type ChosenSetting, chooseSetting, type RecallWish } from './choose-setting.ts';
import { readTuning, type Tuning } from './read-tuning.ts';
import { createTuningCache } from './tuning-cache.ts';

export interface TunedDepthOptions extends ChooseOptions {
  /** How long a tenant's curve is used before it is read anew; half a minute unless told otherwise. */
  readonly ttlMs?: number;
  /** Tenants whose curves are remembered: 2,000 unless told otherwise, some 3 kB each. */
  readonly maxEntries?: number;
}

const defaults = { ttlMs: 30_000, maxEntries: 2_000 };

/** A setting, with what decides how it is carried out under a filter. Reading every full vector depends on neither. */
type TunedDepth =
  | (Extract<ChosenSetting, { kind: 'two-stage' }> & Pick<Tuning, 'tier' | 'chunks'>)
  | Extract<ChosenSetting, { kind: 'exact' }>;

/**
 * Makes what a search asks for its depth: it remembers what was measured for each tenant and chooses by that. EXACT needs
 * no curve, so it reads none.
 */
export function createTunedDepth(
  deps: { readonly database: Database },
  { ttlMs = defaults.ttlMs, maxEntries = defaults.maxEntries, ...choice }: TunedDepthOptions = {},
): (principal: Principal, wish: RecallWish) => Promise<TunedDepth> {
  const cache = createTuningCache((principal) => readTuning(deps, principal), { ttlMs, maxEntries });
  return async (principal, wish) => {
    if ('profile' in wish && wish.profile === 'EXACT') return { kind: 'exact' };
    const { curve, tier, chunks } = await cache.read(principal);
    const chosen = chooseSetting(curve, wish, choice);
    return chosen.kind === 'exact' ? chosen : { ...chosen, tier, chunks };
  };
}
