import { randomBytes } from 'node:crypto';
import pg from 'pg';
import type { TestDatabase } from './database.ts';

/** An application beside Tessera in one database: a role that writes its own tables and is granted nothing of Tessera's. */
export interface Application {
  readonly role: string;
  /** Runs a statement as the application; several in one string are one transaction. */
  run(sql: string, parameters?: unknown[]): Promise<pg.QueryResult>;
  /** A connection as the application, for transactions that stay open. */
  readonly client: pg.Client;
  /** As the owner of the schema and of the application's tables, who is no superuser. */
  readonly owner: pg.Client;
  close(): Promise<void>;
}

/** Opens an application whose tables are in the schema `shop`, which the owner of Tessera's schema owns, too. */
export async function openApplication(db: TestDatabase): Promise<Application> {
  const role = `shop_${randomBytes(4).toString('hex')}`;
  await db.owner.query(`create role ${role} nologin`);
  const owner = new pg.Client({ connectionString: db.urls.owner });
  await owner.connect();
  await owner.query(`create schema shop; grant usage on schema shop to ${role};
    alter default privileges in schema shop grant all on tables to ${role}`);
  const client = new pg.Client({ connectionString: db.urls.superuser });
  await client.connect();
  await client.query(`set role ${role}`);
  return {
    role,
    client,
    owner,
    run: (sql, parameters) => client.query(sql, parameters),
    close: async () => {
      await Promise.all([client.end(), owner.end()]);
      await db.owner.query(`drop owned by ${role}`);
      await db.owner.query(`drop role ${role}`);
    },
  };
}
