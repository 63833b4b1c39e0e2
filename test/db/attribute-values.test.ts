import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AttributeType, attributeLimits } from '../../src/attribute.ts';
import { writeAsTenant } from '../../src/db/tenant.ts';
import { type DocumentId, newDocumentId, parseTenantId } from '../../src/ids.ts';
import { findAttributeFault } from '../../src/ingest/attribute-fault.ts';
import { insertAttributesStatement } from '../../src/ingest/attribute-statements.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { principalOf } from '../support/principal.ts';

const { textBytes, listLength } = attributeLimits;
const longest = 'é'.repeat(textBytes / 2);

/** Values that fit a type, with what its rows hold, and values that do not. */
const cases: Record<AttributeType, { fits: [value: unknown, rows: unknown[]][]; unfit: unknown[] }> = {
  text: {
    fits: [
      ['a', ['a']],
      ['', ['']],
      [longest, [longest]],
      [null, []],
    ],
    unfit: [`${longest}x`, 1, true, ['a'], { a: 1 }],
  },
  number: {
    fits: [
      [0, [0]],
      [-1.5, [-1.5]],
      [1e300, [1e300]],
      [5e-324, [5e-324]],
      [null, []],
    ],
    unfit: ['1', false, [1], {}],
  },
  boolean: {
    fits: [
      [true, [true]],
      [false, [false]],
      [null, []],
    ],
    unfit: ['true', 0, [], {}],
  },
  date: {
    fits: [
      ['2024-02-29', [new Date('2024-02-29')]],
      ['2026-01-31T12:00:00Z', [new Date('2026-01-31T12:00:00Z')]],
      ['2026-01-31T12:00+01:30', [new Date('2026-01-31T10:30:00Z')]],
      ['2026-01-31T12:00:00.125-14:59', [new Date('2026-02-01T02:59:00.125Z')]],
      ['0001-01-01', [new Date('0001-01-01')]],
      ['9999-12-31', [new Date('9999-12-31')]],
      [null, []],
    ],
    unfit: [
      ...[
        '2023-02-29',
        '2026-02-31',
        '2026-13-01',
        '2026-1-1',
        '0000-01-01',
        '20260131',
        'today',
        'now',
        'infinity',
        '',
      ],
      ...[
        '2026-01-31T24:00:00Z',
        '2026-01-31T12:00:00',
        '2026-01-31 12:00:00Z',
        '2026-01-31T12:00:60Z',
        '2026-01-31\n',
      ],
      ...['2026-01-31T12:00:00.1234567Z', '2026-01-31T12:00:00+15:00', 1_769_860_800_000, true, ['2026-01-31']],
    ],
  },
  text_list: {
    fits: [
      [
        ['b', 'a', 'b'],
        ['b', 'a'],
      ],
      [[], []],
      [[''], ['']],
      [[longest], [longest]],
      [Array(listLength).fill('x'), ['x']],
      [null, []],
    ],
    unfit: [Array(listLength + 1).fill('x'), [`${longest}x`], ['a', 1], ['a', null], [['a']], 'a', 1, {}],
  },
};
const values = Object.entries(cases).flatMap(([type, { fits, unfit }]) => [
  ...fits.map(([value, rows]) => ({ type: type as AttributeType, value, rows, isUnfit: false })),
  ...unfit.map((value) => ({ type: type as AttributeType, value, rows: [], isUnfit: true })),
]);
const show = (value: unknown) => JSON.stringify(value).slice(0, 60);
const tenant = parseTenantId('alpha');

let db: TestDatabase;
beforeAll(async () => {
  db = await openTestDatabase();
  await db.owner.query(`insert into tenants (id) values ('alpha')`);
  for (const type of Object.keys(cases)) {
    await db.owner.query('insert into collections (tenant_id, name, attributes) values ($1, $2, $3)', [
      ...['alpha', type, JSON.stringify([{ name: 'value', type }])],
    ]);
  }
});
afterAll(() => db.close());

async function store(type: AttributeType, metadata: object): Promise<DocumentId> {
  const id = newDocumentId();
  await db.owner.query(
    `insert into documents (tenant_id, id, collection, title, body, metadata, content_hash)
     values ('alpha', $1, $2, 'T', 'B', $3, sha256('x'))`,
    [id, type, JSON.stringify(metadata)],
  );
  return id;
}

describe('a declared attribute', () => {
  test.each(values.map((one) => ({ ...one, shown: show(one.value) })))(
    'of type $type takes or leaves $shown, in the program as in the database',
    async ({ type, value, rows, isUnfit }) => {
      const fault = findAttributeFault('c', [{ name: 'value', type }], { value });
      expect(fault === undefined, fault).toBe(!isUnfit);
      const id = await store(type, { value });
      const [written] = await writeAsTenant(db.database, principalOf('alpha'), (execute) =>
        execute(insertAttributesStatement(tenant, [id])),
      );
      expect(written).toEqual({ unfit: isUnfit ? 1 : 0 });
      const { rows: stored } = await db.owner.query<{ value: unknown }>(
        `select coalesce(to_jsonb(text_value), to_jsonb(item_value), to_jsonb(number_value), to_jsonb(boolean_value)) as value,
           date_value from document_attributes where document_id = $1 order by ordinal`,
        [id],
      );
      const found = (stored as { value: unknown; date_value: Date | null }[]).map((row) => row.date_value ?? row.value);
      expect(found).toEqual(rows);
    },
  );

  test('that is absent has no row', async () => {
    const id = await store('number', {});
    expect(findAttributeFault('c', [{ name: 'value', type: 'number' }], {})).toBeUndefined();
    expect(findAttributeFault('c', [{ name: 'toString', type: 'number' }], {})).toBeUndefined();
    await writeAsTenant(db.database, principalOf('alpha'), (execute) =>
      execute(insertAttributesStatement(tenant, [id])),
    );
    const { rows } = await db.owner.query('select from document_attributes where document_id = $1', [id]);
    expect(rows).toEqual([]);
  });
});
