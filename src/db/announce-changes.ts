import type pg from 'pg';
import type { TenantId } from '../ids.ts';

/** Tells every gateway that a tenant's documents, their vectors or its status have changed, without saying how. */
export type AnnounceChange = (tenantId: TenantId) => void;

/** Where gateways listen for changes while they have subscriptions. */
export const changeChannel = 'tessera_changes';

/** Makes announcements, and waits for those that are under way. */
export interface ChangeAnnouncer {
  readonly announce: AnnounceChange;
  /** Resolves when nothing is left to be announced. */
  settle(): Promise<void>;
}

/**
 * Announces changes after the commits that made them, on a connection of the pool: inside of those transactions PostgreSQL
 * would let only one of them commit at a time. What changes while an announcement is under way is told by one more, each
 * tenant once. An announcement may be lost with its process, so whoever listens must also look by itself at times.
 */
export function createChangeAnnouncer(pool: Pick<pg.Pool, 'query'>): ChangeAnnouncer {
  const changed = new Set<TenantId>();
  let underWay: Promise<void> | undefined;

  async function tell(): Promise<void> {
    while (changed.size > 0) {
      const tenantIds = [...changed];
      changed.clear();
      const texts = [changeChannel, tenantIds];
      // Lost like one whose process ended: those who listen look by themselves.
      await pool.query('select pg_catalog.pg_notify($1, id) from unnest($2::text[]) id', texts).catch(() => {});
    }
    underWay = undefined;
  }

  return {
    announce: (tenantId) => {
      changed.add(tenantId);
      underWay ??= tell();
    },
    settle: async () => underWay,
  };
}
