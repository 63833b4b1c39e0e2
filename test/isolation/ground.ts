import { openTestGateway } from '../support/gateway.ts';
import { seedBystanders } from './bystanders.ts';
import type { Ground } from './fuzz.ts';
import { type ObservedWatches, observeWatches } from './observe-watches.ts';
import { type Rewriting, rewriteQueries } from './rewrite-queries.ts';
import { readTenantTables } from './tenant-tables.ts';

/** A gateway with what is needed to fuzz it. */
export interface OpenGround extends Ground, AsyncDisposable {}

/** @param rewriting what becomes of the texts that are sent once a round has its documents, where the fuzz itself is tested. */
export async function openGround(rewriting?: Rewriting): Promise<OpenGround> {
  let isSpoilt = false;
  const current: Rewriting = {
    scope: (opening) => (isSpoilt && rewriting?.scope?.(opening)) || opening,
    statement: (text) => (isSpoilt && rewriting?.statement?.(text)) || text,
  };
  let watched: ObservedWatches | undefined;
  const gateway = await openTestGateway({
    federation: true,
    // They look when they are told to, and as often.
    subscriptions: { everyMs: 0, follow: () => ({ close: async () => {} }) },
    watchesFrom: (own) => {
      watched = observeWatches(own);
      return watched.watches;
    },
    ...(rewriting && { serveFrom: async (own) => rewriteQueries(own, current) }),
  });
  await seedBystanders(gateway.db.owner);
  return {
    gateway,
    databases: {
      gateway: gateway.deps.database,
      worker: rewriting ? rewriteQueries(gateway.db.worker, current) : gateway.db.worker,
    },
    watched: watched as unknown as ObservedWatches,
    tables: await readTenantTables(gateway.db.owner),
    spoil: (now) => {
      isSpoilt = now;
    },
    [Symbol.asyncDispose]: () => gateway.close(),
  };
}
