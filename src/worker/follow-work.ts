import type { Logger } from 'pino';
import { workChannel } from '../db/announce.ts';
import type { Database } from '../db/database.ts';
import { type Listener, openListener } from '../db/open-listener.ts';
import { workerScope } from '../db/scope.ts';
import type { Worker } from './worker.ts';

/** How often the connection is tried; a worker that hears nothing looks once a second anyway. */
const beatMs = 30_000;

/**
 * Wakes a worker when a gateway says that there is something to embed.
 * @param url of the worker's login. Not through a pooler that gives each transaction another connection: nothing is heard
 *   through that, and the worker then finds its work by looking.
 */
export function followWork(
  { scopeDefaults }: Pick<Database, 'scopeDefaults'>,
  worker: Pick<Worker, 'wake'>,
  log: Logger,
  url: string,
): Listener {
  let isLost = false;
  return openListener({
    url,
    channel: workChannel,
    beatMs,
    scope: workerScope(),
    scopeDefaults,
    onBeat: async () => {
      isLost = false;
      worker.wake();
    },
    onNotice: () => worker.wake(),
    onLost: (error) => {
      if (!isLost) log.warn({ err: error }, 'writes are not heard of; until they are the worker looks once a second');
      isLost = true;
    },
  });
}
