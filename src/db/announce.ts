import type { Database } from './database.ts';

/** Tells whoever listens that something happened, without saying what. */
export type Announce = () => void;

/** Where workers listen for chunks to embed. */
export const workChannel = 'tessera_work';

/**
 * Makes announcements after the fact, on a connection of the pool: inside of the transactions that they tell of, PostgreSQL
 * would let only one of those commit at a time. What happens while one is under way is told by one more. An announcement may be
 * lost, so nobody may depend on it.
 * @param onFault called for one that could not be made.
 */
export function createAnnouncer(
  { pool }: Pick<Database, 'pool'>,
  channel: string,
  onFault: (error: unknown) => void,
): Announce {
  let isUnderWay = false;
  let isWanted = false;
  const announce = () => {
    isWanted = true;
    if (isUnderWay) return;
    isUnderWay = true;
    isWanted = false;
    pool.query('select pg_notify($1, $2)', [channel, '']).then(settle, (error: unknown) => {
      onFault(error);
      settle();
    });
  };
  const settle = () => {
    isUnderWay = false;
    if (isWanted) announce();
  };
  return announce;
}
