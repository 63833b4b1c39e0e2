import { Refusal } from '../errors.ts';
import type { TenantId } from '../ids.ts';

export interface SeatLimits {
  /** Subscriptions of one tenant that this process holds at most. */
  readonly perTenant: number;
  /** Subscriptions that this process holds at most. */
  readonly perProcess: number;
}

/** How many subscriptions there are, and room for more. */
export interface Seats {
  count(): number;
  /**
   * @returns what gives the seat back.
   * @throws {Refusal} `TOO_MANY_SUBSCRIPTIONS`.
   */
  take(tenantId: TenantId): () => void;
}

export function createSeats({ perTenant, perProcess }: SeatLimits): Seats {
  const taken = new Map<TenantId, number>();
  let all = 0;
  return {
    count: () => all,
    take(tenantId) {
      const own = taken.get(tenantId) ?? 0;
      if (own >= perTenant) {
        throw new Refusal(
          'TOO_MANY_SUBSCRIPTIONS',
          `The tenant has ${own} subscriptions at this gateway; at most ${perTenant} are allowed. End one first.`,
        );
      }
      if (all >= perProcess) {
        throw new Refusal(
          'TOO_MANY_SUBSCRIPTIONS',
          `This gateway has as many subscriptions as it may, ${perProcess}. Try again later, or at another.`,
        );
      }
      taken.set(tenantId, own + 1);
      all++;
      return () => {
        const left = (taken.get(tenantId) ?? 1) - 1;
        if (left === 0) taken.delete(tenantId);
        else taken.set(tenantId, left);
        all--;
      };
    },
  };
}
