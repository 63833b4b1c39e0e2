import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readCanaryFaults } from '../../src/db/canary.ts';
import { checkServer } from '../../src/db/check-server.ts';
import { transact } from '../../src/db/database.ts';
import { migrate } from '../../src/db/migrate.ts';
import { readMigrations } from '../../src/db/migration-files.ts';
import { openPool } from '../../src/db/open-pool.ts';
import { asOwner } from '../../src/db/owner-connection.ts';
import { createReadyCheck } from '../../src/db/ready-check.ts';
import { operatorScope, writerScope } from '../../src/db/scope.ts';
import { countFlights } from '../support/count-flights.ts';
import { describeServer, openEmptyDatabase, openTestDatabase, type TestDatabase } from '../support/database.ts';
import { principalOf } from '../support/principal.ts';
import { statement } from '../support/statement.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await openTestDatabase();
});
afterAll(() => db.close());

const outcome = (work: Promise<unknown>) =>
  work.then(
    () => 'served',
    (error: Error) => error.message,
  );

const mendReader = `alter policy reader_reads on documents using (tenant_id = tessera.current_tenant()
  and deleted_at is null and (expires_at is null or expires_at > now())
  and (audience = 0 or audience in (select tessera.permitted_audiences())))`;

/** A harm, what mends it, and what is said of it; the first three are of the canaries themselves. */
const harms: readonly (readonly [harm: string, mend: string, says: RegExp])[] = [
  [
    'alter policy tenant_reads on canaries using (true)',
    'alter policy tenant_reads on canaries using (tenant_id = tessera.current_tenant())',
    /a tenant sees the canary of another \(tessera-canary-1 sees that of .*Stop serving, and run "tessera doctor"/,
  ],
  [
    'alter table canaries disable row level security',
    'alter table canaries enable row level security',
    /a tenant sees the canary of another/,
  ],
  [
    'drop policy tenant_reads on canaries',
    'create policy tenant_reads on canaries for select to tessera_tenant, tessera_reader using (tenant_id = tessera.current_tenant())',
    /a tenant does not see its own canary \(tessera-canary-1\)\. Create the policies of tessera\.canaries again/,
  ],
  [
    'alter table canaries no force row level security',
    'alter table canaries force row level security',
    /canaries: row-level security is not forced\. Run "alter table tessera\.canaries force row level security"/,
  ],
  [
    'alter table documents no force row level security',
    'alter table documents force row level security',
    /documents: row-level security is not forced\. Run "alter table tessera\.documents force/,
  ],
  [
    'alter policy reader_reads on documents using (true)',
    mendReader,
    /documents: policy reader_reads lets tessera_reader select whatever the tenant/,
  ],
  [
    'alter policy tenant_reads_itself on tenants using (true)',
    'alter policy tenant_reads_itself on tenants using (id = tessera.current_tenant())',
    /tenants: policy tenant_reads_itself is not as the migrations made it \(for select to .* Run "drop policy tenant_reads_itself/,
  ],
  [
    'alter policy reader_reads on documents using (tenant_id = tessera.current_tenant() or true)',
    mendReader,
    /documents: policy reader_reads is not as the migrations made it/,
  ],
  [
    `alter policy reader_reads on documents using (tenant_id = tessera.current_tenant()
       and (audience >= 0 or audience in (select tessera.permitted_audiences())))`,
    mendReader,
    /documents: policy reader_reads is not as the migrations made it/,
  ],
  [
    'alter policy tenant_inserts on documents with check (tessera.current_tenant() is not null)',
    'alter policy tenant_inserts on documents with check (tenant_id = tessera.current_tenant())',
    /documents: policy tenant_inserts is not as the migrations made it \(for insert to .*with check/,
  ],
  [
    'alter policy exporter_reads on chunks using (true)',
    'alter policy exporter_reads on chunks using (tenant_id = tessera.current_tenant())',
    /chunks: policy exporter_reads is not as the migrations made it \(for select to tessera_exporter using \(true\)\)/,
  ],
  [
    'create policy support on documents for select to tessera_worker using (true)',
    'drop policy support on documents',
    /documents: policy support is none of Tessera's and lets more through .* Run "drop policy support on tessera\.documents"/,
  ],
  [
    `create or replace function tessera.current_tenant() returns text language sql stable parallel safe return 'tessera-canary-2'`,
    `create or replace function tessera.current_tenant() returns text language sql stable parallel safe
       return nullif(current_setting('tessera.tenant_id', true), '')`,
    /a tenant sees the canary of another \(tessera-canary-1 sees that of tessera-canary-2\)/,
  ],
];

describe('a canary', () => {
  test('is set for every tenant, whoever registers it', async () => {
    const insert = (id: string) => statement(`insert into tenants (id) values ('${id}')`);
    await transact(db.database, writerScope(principalOf('alpha')), (execute) => execute(insert('alpha')));
    await transact(db.database, operatorScope, (execute) => execute(insert('beta')));
    const { rows } = await db.owner.query('select tenant_id as id from canaries order by 1');
    expect(rows.map(({ id }) => id)).toEqual(['alpha', 'beta', 'tessera-canary-1', 'tessera-canary-2']);
  });

  test('is seen by its own tenant alone, in one flight', async () => {
    const { serveFrom, take } = countFlights();
    expect(await readCanaryFaults(await serveFrom(db.database))).toEqual([]);
    expect(take()).toBe(1);
  });
});

describeServer('a database with tenants from before', () => {
  test('has a canary for each of them once it is migrated, by an owner who is no superuser', async () => {
    const empty = await openEmptyDatabase();
    const migrations = await readMigrations();
    const before = migrations.findIndex(({ name }) => name.endsWith('_tenant_lifecycle.sql'));
    expect(before).toBeGreaterThan(0);
    const superuser = await openPool({
      ...{ url: empty.urls.superuser, size: 1, statementTimeoutMs: 20_000 },
      onIdleError: () => {},
    });
    try {
      await asOwner(empty.urls.owner, async (owner) => {
        await migrate(owner, migrations.slice(0, before));
        await superuser.pool.query(`insert into tessera.tenants (id) values ('old')`);
        await migrate(owner, migrations);
      });
      const { rows } = await superuser.pool.query('select tenant_id as id from tessera.canaries order by 1');
      expect(rows).toEqual([{ id: 'old' }, { id: 'tessera-canary-1' }, { id: 'tessera-canary-2' }]);
    } finally {
      await superuser.close();
      await empty.close();
    }
  });
});

describe('a gateway that serves', () => {
  test.each(harms)('is not ready after "%s", and says what mends it', async (harm, mend, says) => {
    const check = createReadyCheck(db.database, { trustForMs: 0 });
    expect(await outcome(check())).toBe('served');
    await db.owner.query(harm);
    try {
      expect(await outcome(check())).toMatch(says);
      // It does not start either.
      if (db.kind === 'server') expect(await outcome(checkServer(db.database, 'tessera_operator'))).toMatch(says);
    } finally {
      await db.owner.query(mend);
    }
    expect(await outcome(check())).toBe('served');
  });

  test('looks again once what it saw is some seconds old, and each time after a fault', async () => {
    let nowMs = 0;
    const check = createReadyCheck(db.database, { now: () => nowMs });
    expect(await outcome(check())).toBe('served');
    await db.owner.query('alter table documents no force row level security');
    try {
      nowMs = 4_999;
      expect(await outcome(check())).toBe('served');
      nowMs = 5_000;
      expect(await outcome(check())).toContain('documents: row-level security is not forced');
    } finally {
      await db.owner.query('alter table documents force row level security');
    }
    expect(await outcome(check())).toBe('served');
  });
});
