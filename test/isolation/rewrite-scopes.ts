import type pg from 'pg';
import type { Database } from '../../src/db/database.ts';

/** The same database and the same pool, but of every text that opens a scope this one sends what becomes of it. */
export function rewriteScopes(database: Database, rewrite: (opening: string) => string): Database {
  const { pool } = database;
  const rewritten = (query: unknown) => {
    if (typeof query === 'string') return query.startsWith('begin') ? rewrite(query) : query;
    const { text } = query as pg.QueryConfig;
    return text.startsWith('begin') ? { ...(query as pg.QueryConfig), text: rewrite(text) } : query;
  };
  const withQuery = (client: pg.PoolClient): pg.PoolClient => {
    const query = (first: unknown, ...rest: unknown[]) =>
      (client.query as (...args: unknown[]) => unknown).call(client, rewritten(first), ...rest);
    return standIn(client, { query });
  };
  const connect = async () => withQuery(await pool.connect());
  return { ...database, pool: standIn(pool, { connect }), close: async () => {} };
}

/** An object in the place of another, of which some methods are others. */
function standIn<Target extends object>(target: Target, others: Readonly<Record<string, unknown>>): Target {
  return new Proxy(target, {
    get: (of, name) => {
      if (typeof name === 'string' && name in others) return others[name];
      const value: unknown = Reflect.get(of, name, of);
      return typeof value === 'function' ? value.bind(of) : value;
    },
  });
}
