import type { Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import type { Execute } from './database.ts';
import { type Scope, type ScopeDefaults, scopeStatement } from './scope.ts';

export interface ListenerOptions {
  readonly url: string;
  /** Name of the channel, a plain identifier. */
  readonly channel: string;
  /** What it listens for, as PostgreSQL shows its connection; revocations without it. */
  readonly purpose?: string;
  readonly scope: Scope;
  readonly scopeDefaults: ScopeDefaults;
  /**
   * Reads inside the scope: on every connection once, when nothing that is announced from then on can be missed, and then
   * every `beatMs`. That it succeeds shows that the connection lives.
   */
  readonly onBeat: (read: Execute, isFirst: boolean) => Promise<void>;
  readonly onNotice: (payload: string) => void;
  /** A connection is made. Through a pooler nothing is heard on it, and the beats are all there is. */
  readonly onConnected?: (hears: boolean) => void;
  /** The connection is gone, or could not be made. Another is tried by itself. */
  readonly onLost: (error: unknown) => void;
  readonly beatMs: number;
}

/** A connection of its own that hears what is announced in the database. */
export interface Listener {
  close(): Promise<void>;
}

/** A statement that is not answered by then has lost its connection, whatever the socket believes. */
const answerTimeoutMs = 4_000;
const retryMs = 500;

/** Starts to listen, and goes on until it is closed, through losses of the connection. */
export function openListener(options: ListenerOptions): Listener {
  const stopping = new AbortController();
  const { signal } = stopping;
  const done = listen();

  async function listen(): Promise<void> {
    while (!signal.aborted) {
      try {
        await listenOnce(options, signal);
      } catch (error) {
        if (!signal.aborted) options.onLost(error);
      }
      await wait(retryMs, undefined, { signal }).catch(() => {});
    }
  }

  return {
    close: async () => {
      stopping.abort();
      await done;
    },
  };
}

async function listenOnce(options: ListenerOptions, signal: AbortSignal): Promise<void> {
  const { purpose = 'revocations' } = options;
  const client = new pg.Client({
    connectionString: options.url,
    connectionTimeoutMillis: answerTimeoutMs,
    query_timeout: answerTimeoutMs,
    keepAlive: true,
    application_name: `tessera ${purpose}`,
  });
  const lost = Promise.withResolvers<never>();
  lost.promise.catch(() => {});
  client.on('error', lost.reject);
  client.on('end', () => lost.reject(new Error(`The connection that listens for ${purpose} ended.`)));
  client.on('notification', ({ payload = '' }) => options.onNotice(payload));
  try {
    await Promise.race([client.connect(), lost.promise]);
    const hears = !(await isPooled(client));
    if (hears) await client.query(`listen ${pg.escapeIdentifier(options.channel)}`);
    options.onConnected?.(hears);
    for (let isFirst = true; !signal.aborted; isFirst = false) {
      await Promise.race([beat(client, options, isFirst), lost.promise]);
      await Promise.race([wait(options.beatMs, undefined, { signal }), lost.promise]);
    }
  } finally {
    // Not `end()`, which waits for an answer.
    const { stream } = (client as unknown as { readonly connection: { readonly stream: Socket } }).connection;
    stream.destroy();
  }
}

async function beat(client: pg.Client, options: ListenerOptions, isFirst: boolean): Promise<void> {
  const read: Execute = async (statement) => {
    const query = 'compile' in statement ? statement.compile() : statement;
    return (await client.query(query.sql, [...query.parameters])).rows;
  };
  await client.query(`begin read only; ${scopeStatement(options.scope, options.scopeDefaults)}`);
  await options.onBeat(read, isFirst);
  await client.query('commit');
}

/**
 * True where something in between answers for the server: a pooler gives its clients numbers of its own. One that pools
 * transactions would leave the listening to whichever connection happened to be asked, and to its next user.
 */
export async function isPooled(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ pid: number }>('select pg_catalog.pg_backend_pid() as pid');
  return rows[0]?.pid !== (client as unknown as { readonly processID: number }).processID;
}
