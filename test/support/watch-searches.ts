import type pg from 'pg';
import type { Database } from '../../src/db/database.ts';

/** What one search statement was sent with. */
export interface SentSearch {
  /** Every model that it names, each once. */
  readonly modelIds: readonly number[];
  /** Components of the full vector that it compares with. */
  readonly dimensions: readonly number[];
}

/** A database that notes the searches by vector that are sent to it. */
export function watchSearches(): { serveFrom(own: Database): Promise<Database>; readonly sent: SentSearch[] } {
  const sent: SentSearch[] = [];
  const note = ({ text, values = [] }: { text: string; values?: readonly unknown[] }) => {
    if (!/require_active_model/.test(text) || !/full_vector <#>/.test(text)) return;
    const valuesOf = (pattern: RegExp) => [
      ...new Set([...text.matchAll(pattern)].map(([, number]) => values[Number(number) - 1])),
    ];
    const models = [...valuesOf(/"model_id" = \$(\d+)/g), ...valuesOf(/require_active_model\(\$(\d+)\)/g)];
    const vectors = valuesOf(/<#> \$(\d+)::vector/g) as Buffer[];
    // pgvector's wire format begins with the number of components.
    sent.push({
      modelIds: [...new Set(models as number[])],
      dimensions: vectors.map((vector) => vector.readUInt16BE(0)),
    });
  };
  const watched = new WeakMap<pg.PoolClient, pg.PoolClient>();
  const watch = (client: pg.PoolClient) => {
    if (watched.has(client)) return client;
    const query = client.query.bind(client) as (...given: unknown[]) => unknown;
    Object.assign(client, {
      query: (config: unknown, ...rest: unknown[]) => {
        if (typeof config === 'object' && config !== null && 'text' in config) note(config as { text: string });
        return query(config, ...rest);
      },
    });
    watched.set(client, client);
    return client;
  };
  return {
    sent,
    serveFrom: async (own) => {
      const pool = new Proxy(own.pool, {
        get(target, name) {
          if (name === 'connect') return async () => watch((await target.connect()) as pg.PoolClient);
          const value = Reflect.get(target, name, target);
          return typeof value === 'function' ? value.bind(target) : value;
        },
      });
      return { ...own, pool, close: async () => {} };
    },
  };
}
