import { PGlite } from '@electric-sql/pglite';
import { vector } from '@electric-sql/pglite-pgvector';
import type { OwnerConnection } from './migrate.ts';
import { type AppliedMigration, readApplied } from './schema-version.ts';

/**
 * What was applied to the embedded database, without applying anything.
 * @param dataDir folder that keeps it; it must be there, and this process alone may have it.
 */
export async function readEmbeddedHistory(dataDir: string): Promise<AppliedMigration[]> {
  const server = await PGlite.create({ dataDir, extensions: { vector } });
  try {
    return await readApplied(server as unknown as OwnerConnection);
  } finally {
    await server.close();
  }
}
