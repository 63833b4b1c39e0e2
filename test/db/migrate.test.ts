import { createHash } from 'node:crypto';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { migrate, type OwnerConnection } from '../../src/db/migrate.ts';
import { type Migration, readMigrations } from '../../src/db/migration-files.ts';
import { readApplied, requireCurrentSchema } from '../../src/db/schema-version.ts';
import { StartupError } from '../../src/errors.ts';
import { describeServer, type EmptyDatabase, openEmptyDatabase, openTestDatabase } from '../support/database.ts';

const real = await readMigrations();
const realNames = real.map(({ name }) => name);

/** The migration that comes after the real ones (or `later` further on). */
function nextMigration(sql: string, later = 0): Migration {
  const version = real.length + 1 + later;
  return {
    version,
    name: `${String(version).padStart(4, '0')}_next.sql`,
    sql,
    sha256: createHash('sha256').update(sql).digest('hex'),
    transactional: !sql.startsWith('-- no-transaction'),
  };
}

const namesOf = (migrations: readonly { readonly name: string }[]) => migrations.map(({ name }) => name);

async function refusal(promise: Promise<unknown>): Promise<string> {
  const failure = await promise.then(
    () => new Error('resolved'),
    (error: unknown) => error,
  );
  expect(failure).toBeInstanceOf(StartupError);
  return (failure as StartupError).message;
}

describeServer('migrations', () => {
  let empty: EmptyDatabase;
  let clients: pg.Client[];

  beforeEach(async () => {
    empty = await openEmptyDatabase();
    clients = [];
  });
  afterEach(async () => {
    await Promise.all(clients.map((client) => client.end()));
    await empty.close();
  });

  async function connectAsOwner(): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: empty.urls.owner });
    await client.connect();
    clients.push(client);
    return client;
  }

  async function there(owner: pg.Client, relation: string): Promise<boolean> {
    const { rows } = await owner.query<{ there: boolean }>('select to_regclass($1) is not null as there', [relation]);
    return rows[0]?.there === true;
  }

  test('apply from nothing, in order, and are recorded with their hashes', async () => {
    const owner = await connectAsOwner();
    const announced: string[] = [];
    const applied = await migrate(owner, real, { onApply: ({ name }) => announced.push(name) });
    expect(namesOf(applied)).toEqual(realNames);
    expect(announced).toEqual(realNames);
    const recorded = await readApplied(owner);
    expect(recorded.map(({ name, sha256 }) => [name, sha256])).toEqual(real.map(({ name, sha256 }) => [name, sha256]));
  });

  test('run as an owner who is no superuser, and everything belongs to that owner', async () => {
    const owner = await connectAsOwner();
    await migrate(owner, real);
    const { rows } = await owner.query(
      `select current_user::text as "user", rolsuper as super, rolbypassrls as bypass,
         (select array_agg(distinct pg_get_userbyid(relowner)::text) from pg_class where relnamespace = 'tessera'::regnamespace) as owners
       from pg_roles where rolname = current_user`,
    );
    expect(rows).toEqual([{ user: 'tessera_owner', super: false, bypass: false, owners: ['tessera_owner'] }]);
  });

  test('apply nothing the second time', async () => {
    const owner = await connectAsOwner();
    expect(await migrate(owner, real)).toHaveLength(real.length);
    expect(await migrate(owner, real)).toEqual([]);
    expect(namesOf(await readApplied(owner))).toEqual(realNames);
  });

  test('apply only what is missing', async () => {
    const owner = await connectAsOwner();
    await migrate(owner, real.slice(0, 3));
    expect(namesOf(await migrate(owner, real))).toEqual(realNames.slice(3));
  });

  test('apply once when twenty start at the same time', async () => {
    const owners = await Promise.all(Array.from({ length: 20 }, connectAsOwner));
    const applied = await Promise.all(owners.map((owner) => migrate(owner, real)));
    expect(applied.map(namesOf).filter((names) => names.length > 0)).toEqual([realNames]);
  });

  test('that build an index concurrently apply once, too, when twenty start at the same time', async () => {
    const concurrent = nextMigration('-- no-transaction\ncreate index concurrently slow on tessera.documents (url);\n');
    const owners = await Promise.all(Array.from({ length: 20 }, connectAsOwner));
    const applied = await Promise.all(owners.map((owner) => migrate(owner, [...real, concurrent])));
    expect(applied.map(namesOf).filter((names) => names.length > 0)).toEqual([[...realNames, concurrent.name]]);
  });

  test('apply nothing in a dry run, and say what they would', async () => {
    const owner = await connectAsOwner();
    expect(namesOf(await migrate(owner, real, { dryRun: true }))).toEqual(realNames);
    expect(await there(owner, 'tessera.schema_migrations')).toBe(false);
    await migrate(owner, real.slice(0, 2));
    expect(namesOf(await migrate(owner, real, { dryRun: true }))).toEqual(realNames.slice(2));
    expect(await there(owner, 'tessera.documents')).toBe(false);
    await migrate(owner, real);
    expect(await there(owner, 'tessera.documents')).toBe(true);
  });

  test('are refused when an applied file was changed, and nothing further is applied', async () => {
    const owner = await connectAsOwner();
    await migrate(owner, real);
    const [first, second, ...rest] = real as [Migration, Migration, ...Migration[]];
    const changed = { ...second, sql: `${second.sql} -- later`, sha256: 'f'.repeat(64) };
    const addition = nextMigration('create table tessera.extra (id int);');
    expect(await refusal(migrate(owner, [first, changed, ...rest, addition]))).toContain(`${second.name} was changed`);
    expect(await there(owner, 'tessera.extra')).toBe(false);
    await migrate(owner, [...real, addition]);
    expect(await there(owner, 'tessera.extra')).toBe(true);
  });

  test('are refused when the database was migrated by a newer version', async () => {
    const owner = await connectAsOwner();
    await migrate(owner, [...real, nextMigration('select 1;')]);
    expect(await refusal(migrate(owner, real))).toMatch(/newer version/);
    expect(() => requireCurrentSchema(real, [])).toThrow(/never migrated/);
  });

  test('that fail are rolled back whole, keep what was applied before them, and apply once they are mended', async () => {
    const owner = await connectAsOwner();
    const good = nextMigration('create table tessera.good (id int);');
    const bad = nextMigration('create table tessera.half (id int); select 1 / 0;', 1);
    expect(await refusal(migrate(owner, [...real, good, bad]))).toMatch(
      /_next\.sql failed and was rolled back: division by zero/,
    );
    expect(await there(owner, 'tessera.good')).toBe(true);
    expect(await there(owner, 'tessera.half')).toBe(false);
    expect(namesOf(await readApplied(owner))).toEqual([...realNames, good.name]);

    const mended = nextMigration('create table tessera.half (id int);', 1);
    expect(namesOf(await migrate(owner, [...real, good, mended]))).toEqual([mended.name]);
    expect(await there(owner, 'tessera.half')).toBe(true);
  });

  test('that fail let the next one who waits in', async () => {
    const [first, second] = [await connectAsOwner(), await connectAsOwner()];
    await migrate(first, real);
    await refusal(migrate(first, [...real, nextMigration('select 1 / 0;')]));
    expect(await migrate(second, real)).toEqual([]);
  });

  test('marked as without a transaction build their index concurrently', async () => {
    const owner = await connectAsOwner();
    const concurrent = nextMigration(
      '-- no-transaction\n-- Two of them.\ncreate index concurrently one on tessera.documents (url);\ncreate index concurrently two on tessera.documents (title);\n',
    );
    expect(await migrate(owner, [...real, concurrent])).toHaveLength(real.length + 1);
    const { rows } = await owner.query(
      `select count(*)::int as valid from pg_index where indisvalid and indexrelid in (to_regclass('tessera.one'), to_regclass('tessera.two'))`,
    );
    expect(rows).toEqual([{ valid: 2 }]);
    expect(namesOf(await readApplied(owner)).at(-1)).toBe(concurrent.name);
  });

  test('that build concurrently are refused inside a transaction, which is why there is a mark', async () => {
    const owner = await connectAsOwner();
    await migrate(owner, real);
    const unmarked = nextMigration('create index concurrently one on tessera.documents (url);');
    expect(await refusal(migrate(owner, [...real, unmarked]))).toMatch(/cannot (run|be executed)/);
  });

  test('marked as without a transaction are not recorded when they fail, and do not claim to be rolled back', async () => {
    const owner = await connectAsOwner();
    await migrate(owner, real);
    const bad = nextMigration('-- no-transaction\ncreate table tessera.half (id int);\nselect 1 / 0;\n');
    const message = await refusal(migrate(owner, [...real, bad]));
    expect(message).toMatch(/may be half done.*division by zero/);
    expect(message).not.toContain('was rolled back');
    expect(namesOf(await readApplied(owner))).toEqual(realNames);
  });

  test('find the roles of another database of the same server', async () => {
    const other = await openTestDatabase();
    expect(await migrate(await connectAsOwner(), real)).toHaveLength(real.length);
    await other.close();
  });
});

describeServer('a schema that is not this program’s', () => {
  let empty: EmptyDatabase;
  let owner: pg.Client;

  beforeAll(async () => {
    empty = await openEmptyDatabase();
    owner = new pg.Client({ connectionString: empty.urls.owner });
    await owner.connect();
  });
  afterAll(async () => {
    await owner.end();
    await empty.close();
  });

  test('is refused with the command to run: never migrated, then half migrated; the current one is served', async () => {
    const check = async () => requireCurrentSchema(real, await readApplied(owner));
    expect(await refusal(check())).toMatch(/was never migrated\. Run "tessera migrate"/);
    await migrate(owner, real.slice(0, -2));
    expect(await refusal(check())).toMatch(new RegExp(`lacks 2 of ${real.length} migrations\\. Run "tessera migrate"`));
    await migrate(owner, real);
    await expect(check()).resolves.toBeUndefined();
  });

  test('can be told apart by the gateway’s role, which may read the history and not change it', async () => {
    await migrate(owner, real);
    const gateway = new pg.Client({ connectionString: empty.urls.gateway });
    await gateway.connect();
    await gateway.query('begin; set local role tessera_operator');
    expect(namesOf(await readApplied(gateway))).toEqual(realNames);
    await expect(gateway.query('delete from tessera.schema_migrations')).rejects.toMatchObject({ code: '42501' });
    await gateway.end();
  });
});

describe('pgvector', () => {
  /** Answers as a server with that pgvector, and notes what is sent. */
  function serverWith(
    extension: { version: string; installed: boolean } | undefined,
  ): OwnerConnection & { sent: string[] } {
    const sent: string[] = [];
    const query = async (text: string) => {
      sent.push(text);
      if (text.includes('pg_available_extensions')) return { rows: extension ? [extension] : [] };
      return { rows: [{ there: false, mine: true }] };
    };
    return { sent, query: query as unknown as OwnerConnection['query'] };
  }

  test.each([
    ['that is not on the server', undefined, /has no pgvector.*Install it/],
    [
      '0.7.4, not yet in the database',
      { version: '0.7.4', installed: false },
      /pgvector 0\.7\.4 is too old.*Install pgvector 0\.8/,
    ],
    [
      '0.7.4 in the database',
      { version: '0.7.4', installed: true },
      /pgvector 0\.7\.4 is too old.*alter extension vector update/,
    ],
  ])('%s is refused with its remedy, and nothing is applied', async (_, extension, message) => {
    const server = serverWith(extension);
    expect(await refusal(migrate(server, real))).toMatch(message);
    expect(server.sent.filter((text) => /begin|create/i.test(text))).toEqual([]);
    expect(server.sent.at(-1)).toContain('pg_advisory_unlock');
  });

  test.each(['0.8.0', '0.8.4', '0.10.0', '1.0.0'])('%s is accepted', async (version) => {
    const server = serverWith({ version, installed: true });
    expect(await migrate(server, real)).toHaveLength(real.length);
    expect(server.sent.filter((text) => text.startsWith('begin'))).toHaveLength(real.length);
  });
});
