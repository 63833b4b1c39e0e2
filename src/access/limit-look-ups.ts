import { Refusal } from '../errors.ts';
import type { FoundKey } from './revocations.ts';

export interface LookUpLimits {
  /** Look-ups that find nothing, at once. */
  readonly burst: number;
  /** Look-ups that find nothing, in the long run. */
  readonly perSecond: number;
  /** Hashes that are remembered of each kind, some 100 bytes each. */
  readonly maxRemembered: number;
  /** For so long a hash that nobody's key has, or one that was revoked, is not asked for again. */
  readonly deadForMs: number;
  /** The clock, in milliseconds; it must not be set back. */
  readonly now: () => number;
}

/**
 * Looks a key up by what `lookUp` asks, unless it is known to be nobody's.
 * @param hash name of the whole key, secret included.
 * @param signal aborted when nobody waits for the answer any more. That costs what an invented key does: who leaves early would
 *   otherwise look up as many as they like.
 * @throws {Refusal} `TOO_MANY_UNKNOWN_KEYS`
 */
export type LimitedLookUp = (
  hash: string,
  lookUp: () => Promise<FoundKey | undefined>,
  signal?: AbortSignal,
) => Promise<FoundKey | undefined>;

const defaults: LookUpLimits = {
  burst: 100,
  perSecond: 20,
  maxRemembered: 10_000,
  deadForMs: 60_000,
  now: () => performance.now(),
};

/**
 * Keeps a flood of invented keys from the database: a key that was looked for in vain is remembered for a minute (keys are
 * random, so it cannot become somebody's meanwhile), and so is one that was revoked, and invented ones that differ share a budget, one for each process. Look-ups that find a key
 * cost nothing of it, and a key that was ever found here is looked up whatever there is left, so only keys that this
 * process has never seen wait while a flood lasts.
 */
export function limitLookUps(options: Partial<LookUpLimits> = {}): LimitedLookUp {
  const { burst, perSecond, maxRemembered, deadForMs, now } = { ...defaults, ...options };
  const dead = new Map<string, { readonly key: FoundKey | undefined; readonly untilMs: number }>();
  const found = new Map<string, true>();
  let budget = burst;
  let filledAtMs = now();

  const spend = (points: number) => {
    const nowMs = now();
    budget = Math.min(burst, budget + ((nowMs - filledAtMs) / 1_000) * perSecond) - points;
    filledAtMs = nowMs;
  };
  function remember<Value>(names: Map<string, Value>, name: string, value: Value): void {
    names.delete(name);
    names.set(name, value);
    const [oldest] = names.keys();
    if (names.size > maxRemembered && oldest !== undefined) names.delete(oldest);
  }

  return async (hash, lookUp, signal) => {
    const known = dead.get(hash);
    if (known && known.untilMs > now()) return known.key;
    spend(0);
    const cost = found.has(hash) ? 0 : 1;
    if (budget < cost) {
      const message =
        'Too many API keys that nobody has were shown here, so no new one is looked up. Try again in a moment.';
      throw new Refusal('TOO_MANY_UNKNOWN_KEYS', message);
    }
    spend(cost);
    let isCharged = false;
    try {
      const key = await lookUp();
      isCharged = key === undefined;
      if (key) remember(found, hash, true);
      if (key?.revokedAt !== null) remember(dead, hash, { key, untilMs: now() + deadForMs });
      return key;
    } finally {
      if (!isCharged && !signal?.aborted) spend(-cost);
    }
  };
}
