import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readMigrations } from '../../src/db/migration-files.ts';
import { readPolicies, readPolicyFaults } from '../../src/db/policy-faults.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await openTestDatabase();
});
afterAll(() => db.close());

const faultsAfter = (change: string) =>
  db.whatIf(async (superuser) => {
    await superuser.query(change);
    return readPolicyFaults(superuser);
  });

describe('the policies that the program knows', () => {
  test('are those that the migrations make', async () => {
    const made = await db.whatIf((superuser) => readPolicies(superuser));
    const lines = made.map(({ statement }) => `${statement};\n`);
    const head = `-- The policies that migrations 1 to ${(await readMigrations()).length} make, which the start and /ready compare with those of the database.
-- Written by: npx vitest run --project system test/db/policies.test.ts -t 'that the migrations make' --update\n\n`;
    await expect(head + lines.join('')).toMatchFileSnapshot('../../src/db/policies.sql');
    expect(made.length).toBeGreaterThan(200);
  });

  test('are found in the database, whatever it sets for itself', async () => {
    const settings = `set local search_path = tessera; set local intervalstyle = iso_8601; set local quote_all_identifiers = on`;
    expect(await faultsAfter(settings)).toEqual([]);
  });
});

describe('a policy', () => {
  test.each([
    [
      'alter policy tenant_reads_itself on tenants using (true)',
      /^tenants: policy tenant_reads_itself is not as the migrations made it \(for select to .* using \(true\)\)/,
    ],
    [
      'alter policy reader_reads on documents using (tenant_id = tessera.current_tenant() or true)',
      /^documents: policy reader_reads is not as/,
    ],
    [
      'alter policy reader_reads on chunks using (tenant_id = tessera.current_tenant() and (audience >= 0 or audience in (select tessera.permitted_audiences())))',
      /^chunks: policy reader_reads is not as/,
    ],
    [
      'alter policy tenant_updates on documents with check (tenant_id is not null)',
      /^documents: policy tenant_updates is not as/,
    ],
    ['alter policy exporter_reads on documents using (true)', /^documents: policy exporter_reads is not as/],
    [
      'alter policy exporter_reads on documents to tessera_exporter, tessera_worker',
      /^documents: policy exporter_reads is not as .* \(for select to tessera_exporter, tessera_worker using/,
    ],
    ['alter policy tenant_reads on documents rename to anew', /^documents: policy anew is none of Tessera's and lets/],
    ['drop policy tenant_deletes on documents', /^documents: policy tenant_deletes is gone/],
    [
      'create policy "for all" on documents using (true)',
      /^documents: policy "for all" is none of Tessera's and lets more through \(for all to public using \(true\)\)/,
    ],
    [
      `drop policy reader_reads on documents; create policy reader_reads on documents as restrictive for select to tessera_reader
         using (tenant_id = tessera.current_tenant() and (audience = 0 or audience in (select tessera.permitted_audiences())))`,
      /^documents: policy reader_reads is not as the migrations made it \(as restrictive for select/,
    ],
  ])('is told after "%s", with what takes it back', async (harm, says) => {
    const { faults, mended } = await db.whatIf(async (superuser) => {
      await superuser.query(harm);
      const found = await readPolicyFaults(superuser);
      for (const { fix } of found) await superuser.query(/Run "(.*?[^"])"(?= as the owner)/.exec(fix)?.[1] as string);
      return { faults: found, mended: await readPolicyFaults(superuser) };
    });
    expect(faults.map(({ fault }) => fault)).toEqual(expect.arrayContaining([expect.stringMatching(says)]));
    expect(mended).toEqual([]);
  });

  test('that an operator adds and that only narrows is no fault', async () => {
    const narrow = `create policy in_hours on documents as restrictive for select to tessera_reader using (collection <> 'hidden')`;
    expect(await faultsAfter(narrow)).toEqual([]);
    expect(await faultsAfter(narrow.replace(' as restrictive', ''))).toHaveLength(1);
  });

  test('of a schema that a newer version migrated is that version’s to know', async () => {
    const harm = 'alter policy reader_reads on documents using (true)';
    const newer = `insert into schema_migrations (version, name, sha256) values (9999, '9999_newer.sql', repeat('0', 64))`;
    expect(await faultsAfter(harm)).toHaveLength(1);
    expect(await faultsAfter(`${harm}; ${newer}`)).toEqual([]);
  });
});
