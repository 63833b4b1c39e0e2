import { EmbedderError } from '../embed/embedder-error.ts';
import type { TenantId } from '../ids.ts';

/** Why nothing is sent for now, and for how long. */
export interface Pause {
  readonly reason: string;
  /** Until something may be sent again; at most an hour. */
  readonly waitMs: number;
}

/** What one provider is not sent for now, as this process knows it. */
export interface Pauses {
  /** Tenants whose budget of tokens is spent. */
  tenants(): TenantId[];
  /** Of the provider, which is everybody's. */
  provider(): Pause | undefined;
  /** Of the provider, else of the tenant. */
  of(tenantId: TenantId): Pause | undefined;
  /** Learns from a failure that names a time to come back: of a spent budget for the tenant, of any other for everybody. */
  note(failure: Error, tenantId: TenantId): void;
}

/** A provider that names a longer time is asked after this one: whoever runs it may have mended it. */
const longestMs = 3_600_000;

/**
 * Remembers who asked to be left alone until when, so that a worker does not claim what it could only put off again.
 * @param nowMs a monotonic clock.
 */
export function createPauses(nowMs: () => number = () => performance.now()): Pauses {
  interface Until {
    readonly reason: string;
    readonly atMs: number;
  }
  let everybody: Until | undefined;
  const tenants = new Map<TenantId, Until>();

  const later = (one: Until | undefined, other: Until) => (one && one.atMs > other.atMs ? one : other);
  const left = (until: Until | undefined): Pause | undefined => {
    const waitMs = until ? until.atMs - nowMs() : 0;
    return until && waitMs > 0 ? { reason: until.reason, waitMs } : undefined;
  };
  const provider = () => left(everybody);

  return {
    tenants() {
      for (const [tenantId, until] of tenants) if (!left(until)) tenants.delete(tenantId);
      return [...tenants.keys()];
    },
    provider,
    of: (tenantId) => provider() ?? left(tenants.get(tenantId)),
    note(failure, tenantId) {
      if (!(failure instanceof EmbedderError) || failure.retryAfterMs === undefined) return;
      const until = { reason: failure.message, atMs: nowMs() + Math.min(failure.retryAfterMs, longestMs) };
      if (failure.unsent === 'budget') tenants.set(tenantId, later(tenants.get(tenantId), until));
      else everybody = later(everybody, until);
    },
  };
}
