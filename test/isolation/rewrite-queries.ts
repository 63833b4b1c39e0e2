import type pg from 'pg';
import type { Database } from '../../src/db/database.ts';

/** What becomes of texts that are sent. */
export interface Rewriting {
  /** Of one that opens a scope. */
  readonly scope?: (opening: string) => string;
  /** Of any other. */
  readonly statement?: (text: string) => string;
}

/** The same database and the same pool, but of every text this one sends what becomes of it. */
export function rewriteQueries(database: Database, { scope = same, statement = same }: Rewriting): Database {
  const { pool } = database;
  const rewrite = (text: string) => (text.startsWith('begin') ? scope(text) : statement(text));
  const rewritten = (query: unknown) => {
    if (typeof query === 'string') return rewrite(query);
    const { text } = query as pg.QueryConfig;
    const other = rewrite(text);
    return other === text ? query : { ...(query as pg.QueryConfig), text: other };
  };
  const withQuery = (client: pg.PoolClient): pg.PoolClient => {
    const query = (first: unknown, ...rest: unknown[]) =>
      (client.query as (...args: unknown[]) => unknown).call(client, rewritten(first), ...rest);
    return standIn(client, { query });
  };
  const connect = async () => withQuery(await pool.connect());
  return { ...database, pool: standIn(pool, { connect }), close: async () => {} };
}

function same(text: string): string {
  return text;
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
