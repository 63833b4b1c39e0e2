import pg from 'pg';
import { StartupError } from '../errors.ts';
import type { OwnerConnection } from './migrate.ts';

/**
 * Does something as the owner of the schema, on one connection.
 * @throws {StartupError} when the server cannot be reached or does not know the login.
 */
export async function asOwner<Result>(url: string, work: (owner: OwnerConnection) => Promise<Result>): Promise<Result> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000, application_name: 'tessera' });
  // A connection that is lost fails its query, which says so; with nobody listening it would end the process.
  client.on('error', () => {});
  try {
    await client.connect();
  } catch (cause) {
    throw new StartupError(
      `The database cannot be reached as the owner of the schema: ${reasonOf(cause)}. Check MIGRATE_DATABASE_URL and that the server runs.`,
      { cause },
    );
  }
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}
