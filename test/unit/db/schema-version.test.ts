import { describe, expect, test } from 'vitest';
import type { Migration } from '../../../src/db/migration-files.ts';
import { type AppliedMigration, compareSchema, requireCurrentSchema } from '../../../src/db/schema-version.ts';

const migration = (version: number): Migration => ({
  version,
  name: `000${version}_x.sql`,
  sql: '',
  sha256: `hash-${version}`,
  transactional: true,
});
const known = [1, 2, 3].map(migration);
const applied = (...versions: number[]): AppliedMigration[] =>
  versions.map((version) => ({ ...migration(version), applied_at: new Date(0) }));

describe('compareSchema', () => {
  test('gives what is missing, in order', () => {
    expect(compareSchema(known, [])).toEqual(known);
    expect(compareSchema(known, applied(1))).toEqual(known.slice(1));
    expect(compareSchema(known, applied(1, 2, 3))).toEqual([]);
  });

  test('refuses a file that was changed after it was applied, and names it', () => {
    const changed = [...applied(1), { ...migration(2), sha256: 'other', applied_at: new Date(0) }];
    expect(() => compareSchema(known, changed)).toThrow(/0002_x\.sql was changed after it was applied/);
  });

  test('refuses a database of a newer version, and names what it does not know', () => {
    expect(() => compareSchema(known, applied(1, 2, 3, 4))).toThrow(/0004_x\.sql, which this Tessera does not know/);
  });
});

describe('requireCurrentSchema', () => {
  test('accepts the schema that is exactly the program’s', () => {
    expect(() => requireCurrentSchema(known, applied(1, 2, 3))).not.toThrow();
  });

  test.each([
    ['was never migrated', []],
    ['lacks 2 of 3 migrations', [1]],
    ['lacks 1 of 3 migrations', [1, 2]],
  ])('says what to run when the database %s', (state, versions) => {
    const check = () => requireCurrentSchema(known, applied(...versions));
    expect(check).toThrow(`The database ${state}. Run "tessera migrate"`);
  });
});
