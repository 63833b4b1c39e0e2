import { mkdir } from 'node:fs/promises';
import { PGlite } from '@electric-sql/pglite';
import { createPgConfig } from '@electric-sql/pglite/node-postgres';
import { vector } from '@electric-sql/pglite-pgvector';
import pg from 'pg';
import type { Database } from './database.ts';
import { migrate } from './migrate.ts';
import { readMigrations } from './migration-files.ts';
import { readingRoles } from './scope.ts';

export interface EmbeddedOptions {
  /** Folder that keeps the database; absent for one in memory. */
  readonly dataDir?: string;
  readonly statementTimeoutMs: number;
}

/**
 * The embedded session's role: like the logins of a server it owns nothing and inherits nothing, so that here too a query
 * outside a scope is refused.
 */
const embeddedRole = `
  do $$ begin
    create role tessera_embedded noinherit;
  exception when duplicate_object then null;
  end $$;
  grant ${readingRoles.join(', ')},
    tessera_tenant, tessera_admin, tessera_gate, tessera_worker, tessera_operator, tessera_exporter, tessera_sampler to tessera_embedded;
  set session authorization tessera_embedded;`;

/**
 * Opens PostgreSQL in this process (PGlite), migrated. It has one connection: transactions take turns.
 * @throws {StartupError} when its schema is newer than this program.
 */
export async function openEmbedded(options: EmbeddedOptions): Promise<Database> {
  if (options.dataDir) await mkdir(options.dataDir, { recursive: true });
  const server = await PGlite.create({ ...(options.dataDir && { dataDir: options.dataDir }), extensions: { vector } });
  const pool = new pg.Pool({ ...createPgConfig(server), max: 1, idleTimeoutMillis: 0 } as unknown as pg.PoolConfig);
  const owner = await pool.connect();
  try {
    await migrate(owner, await readMigrations());
    await owner.query(embeddedRole);
  } finally {
    owner.release();
  }
  return {
    pool,
    pipelined: false,
    preparing: { isOn: true },
    scopeDefaults: { vectorSchema: 'public', statementTimeoutMs: options.statementTimeoutMs },
    close: async () => {
      await pool.end();
      await server.close();
    },
  };
}
