import type pg from 'pg';
import type { Database } from '../../src/db/database.ts';

/** A database that counts how often a connection was taken: once for each flight and each transaction. */
export interface CountedDatabase {
  /** For {@link TestGatewayOptions.serveFrom}. */
  readonly serveFrom: (own: Database) => Promise<Database>;
  /** Flights since the last call of this function. */
  take(): number;
}

export function countFlights(): CountedDatabase {
  let flights = 0;
  return {
    serveFrom: async (own) => {
      const pool = new Proxy(own.pool, {
        get(target, name) {
          if (name === 'connect' || name === 'query') flights++;
          const value = Reflect.get(target, name, target);
          return typeof value === 'function' ? (value as pg.Pool['connect']).bind(target) : value;
        },
      });
      return { ...own, pool, close: async () => {} };
    },
    take: () => {
      const taken = flights;
      flights = 0;
      return taken;
    },
  };
}
