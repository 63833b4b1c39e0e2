import type { Config } from '../config/config.ts';
import type { Database } from '../db/database.ts';
import type { Logger } from '../log.ts';
import { followChanges } from '../updates/follow-changes.ts';
import { createWatches, type Watches } from '../updates/watches.ts';

/**
 * Makes the place of this process's subscriptions. On a server it listens for changes while there are any; those of the
 * embedded database are all made here, and told at once by the database that is returned.
 */
export function openWatches(config: Config, database: Database, log: Logger): { watches: Watches; database: Database } {
  const watches = createWatches({
    ...config.http.subscriptions,
    follow: () =>
      config.mode === 'server'
        ? followChanges(database, watches.change, log, { url: config.database.listenUrl.reveal() })
        : { close: async () => {} },
    onFailure: (error) => log.warn({ err: error }, 'a subscription could not look; it tries again'),
  });
  return { watches, database: config.mode === 'server' ? database : { ...database, announceChange: watches.change } };
}
