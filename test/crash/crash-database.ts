import pg from 'pg';
import { cloneTemplate, ownerRole, prepareServer, urlAs } from '../support/server.ts';
import { type DurablePostgres, freePort, startDurablePostgres } from './durable-postgres.ts';

/** A migrated database on a server that keeps what it was told. */
export interface CrashDatabase {
  readonly postgres: DurablePostgres;
  readonly superuserUrl: string;
  /** Settings of a gateway on a port that stays the same, and of a worker that keeps the tiers. */
  readonly env: Record<string, string>;
}

/** @param crossover vectors from which on a tenant gets a graph. */
export async function openCrashDatabase(crossover: number): Promise<CrashDatabase> {
  const postgres = await startDurablePostgres();
  try {
    const server = await prepareServer(postgres.superuserUrl);
    const database = `${server.databasePrefix}crash`;
    await cloneTemplate(server, database);
    const superuserUrl = urlAs(server.superuserUrl, { database });
    await withSuperuser(superuserUrl, (superuser) =>
      superuser.query(`insert into tessera.engine_settings (name, value) values ('tier_crossover', $1)`, [crossover]),
    );
    const env = {
      DATABASE_URL: urlAs(superuserUrl, { role: 'tessera_gateway' }),
      WORKER_DATABASE_URL: urlAs(superuserUrl, { role: 'tessera_worker_login' }),
      MIGRATE_DATABASE_URL: urlAs(superuserUrl, { role: ownerRole }),
      JWT_HS256_SECRET: 'a secret of the crash test, which is long enough',
      JWT_ISSUER: 'https://issuer.example',
      JWT_AUDIENCE: 'tessera',
      PORT: `${await freePort()}`,
      // So that a few paragraphs are several passages.
      CHUNK_TOKENS: '32',
      CHUNK_OVERLAP_TOKENS: '8',
    };
    return { postgres, superuserUrl, env };
  } catch (error) {
    await postgres.remove();
    throw error;
  }
}

/** Does something on one connection of its own. */
export async function withSuperuser<Result>(
  url: string,
  work: (superuser: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
