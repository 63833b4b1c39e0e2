import pg from 'pg';
import { createChangeAnnouncer } from './announce-changes.ts';
import type { Database } from './database.ts';
import { createTurns, type TurnsOptions } from './turns.ts';

export interface PoolOptions {
  readonly url: string;
  /** Connections at most. */
  readonly size: number;
  /** Connections that one tenant may hold while another is about; a tenth of them, at least one, without it. */
  readonly share?: number | undefined;
  /** {@link TurnsOptions.queueShare}. */
  readonly queueShare?: TurnsOptions['queueShare'];
  readonly statementTimeoutMs: number;
  /** Whether connections keep statements parsed; they do unless told otherwise. */
  readonly prepare?: boolean;
  /** Whether the statements of a transaction travel together; they do unless told otherwise. COPY cannot. */
  readonly pipeline?: boolean;
  /** Called once, when a pooler in between turns out to lose parsed statements; from then on none are kept. */
  readonly onPreparedLost?: () => void;
  /** Called when an idle connection fails; the pool replaces it by itself. */
  readonly onIdleError: (error: Error) => void;
}

/**
 * Opens a pool on a PostgreSQL server. Statements of one transaction are pipelined unless told otherwise.
 * @throws {Refusal} `DATABASE_UNAVAILABLE` when the server cannot be reached.
 */
export async function openPool(options: PoolOptions): Promise<Database> {
  const { size, share = Math.max(1, Math.floor(size / 10)), queueShare, pipeline = true } = options;
  const pool = new pg.Pool({
    connectionString: options.url,
    max: size,
    pipeline,
    connectionTimeoutMillis: 5_000,
    idleTimeoutMillis: 60_000,
    keepAlive: true,
    application_name: 'tessera',
  } as pg.PoolConfig);
  pool.on('error', options.onIdleError);
  // The pool listens to idle connections only. One that is lost while it is in use fails its queries, which is how that is
  // told; but with nobody listening the same loss would end the process.
  pool.on('connect', (client) => client.on('error', () => {}));
  const announcer = createChangeAnnouncer(pool);
  return {
    pool,
    announceChange: announcer.announce,
    turns: createTurns({ slots: size, share, ...(queueShare !== undefined && { queueShare }) }),
    pipelined: pipeline,
    preparing: {
      isOn: options.prepare ?? true,
      ...(options.onPreparedLost && { onLost: options.onPreparedLost }),
    },
    scopeDefaults: { vectorSchema: 'public', statementTimeoutMs: options.statementTimeoutMs },
    close: async () => {
      await announcer.settle();
      await pool.end();
    },
  };
}
