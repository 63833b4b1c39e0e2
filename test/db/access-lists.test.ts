import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AccessList } from '../../src/access-list.ts';
import type { Principal } from '../../src/auth/principal.ts';
import { tenantScope, workerScope, writerScope } from '../../src/db/scope.ts';
import { readAsTenant, writeAsTenant } from '../../src/db/tenant.ts';
import { documentsByIdStatement } from '../../src/documents/document-statements.ts';
import { type DocumentId, parseTenantId } from '../../src/ids.ts';
import { resolveAudiences } from '../../src/ingest/audiences.ts';
import { createTunedSearch } from '../../src/recall/tuned-search.ts';
import { maySee, seedAudience } from '../support/access-list.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { type Outcome, tryInScope } from '../support/in-scope.ts';
import { principalOf } from '../support/principal.ts';
import { type SeededTenant, seedEveryTable, unitVector } from '../support/seed-every-table.ts';
import { statement } from '../support/statement.ts';

const alpha = parseTenantId('alpha');
/** Every table that carries the audience of a document. */
const tables = [
  'documents',
  'document_attributes',
  'chunks',
  'embeddings',
  'unembeddable_chunks',
  'embedding_jobs',
] as const;
const ann = principalOf('alpha', { subject: 'ann' });
const bob = principalOf('alpha', { subject: 'bob', groups: ['support', 'other'] });
const guest = principalOf('alpha', { subject: 'guest', groups: ['board'] });

let db: TestDatabase;
let seeded: SeededTenant;
let audience: number;

beforeAll(async () => {
  db = await openTestDatabase();
  seeded = await seedEveryTable(db.owner, 'alpha');
  await seedEveryTable(db.owner, 'beta');
  audience = await seedAudience(db.owner, 'alpha', { users: ['ann'], groups: ['support'] });
});
afterAll(() => db.close());

const put = (id: number) => db.owner.query(`update documents set audience = $1 where tenant_id = 'alpha'`, [id]);
const rowsSeen = (table: string, outcome: Outcome) => {
  if ('code' in outcome) throw new Error(`${table}: ${outcome.code}`);
  return outcome.count;
};
const seenBy = async (principal: Principal, table: string) =>
  rowsSeen(table, await tryInScope(db.database, tenantScope(principal), `select 1 from ${table}`));

describe.each(tables)('the rows of a document in %s', (table) => {
  test('are seen by the whole tenant without a list, and with one by those whom it names', async () => {
    await put(0);
    const all = await seenBy(guest, table);
    expect(all).toBeGreaterThan(0);
    expect([await seenBy(ann, table), await seenBy(bob, table)]).toEqual([all, all]);
    await put(audience);
    expect([await seenBy(ann, table), await seenBy(bob, table), await seenBy(guest, table)]).toEqual([all, all, 0]);
    expect(await seenBy(principalOf('beta', { subject: 'ann' }), table)).toBe(all);
  });

  test('are seen by whoever writes, and by the worker, who must', async () => {
    await put(audience);
    const writer = await tryInScope(db.database, writerScope(guest), `select 1 from ${table}`);
    expect(rowsSeen(table, writer)).toBeGreaterThan(0);
    if (table === 'documents' || table === 'document_attributes') return;
    const worker = await tryInScope(db.worker, workerScope(alpha), `select 1 from ${table} where tenant_id = 'alpha'`);
    expect(rowsSeen(table, worker)).toBeGreaterThan(0);
  });

  test('have the audience of their document, when it changes, too', async () => {
    for (const id of [audience, 0, audience]) {
      await put(id);
      const { rows } = await db.owner.query(`select distinct audience from ${table} where tenant_id = 'alpha'`);
      expect(rows).toEqual([{ audience: id }]);
    }
  });

  test.each([
    ['without the policy of lists', `alter policy reader_reads on ${table} using (tenant_id = current_tenant())`],
    [
      'with the policy of writers',
      `create policy more on ${table} for select to tessera_reader using (tenant_id = current_tenant())`,
    ],
    ['without row-level security', `alter table ${table} disable row level security`],
  ])('would be seen by anybody %s: the tests above notice', async (_, hole) => {
    await put(audience);
    const look = `set local role tessera_reader; set local tessera.tenant_id = 'alpha'; set local tessera.subject = 'guest'; set local tessera.groups = '[]'`;
    const seenWith = (before: string) =>
      db.whatIf(async (superuser) => {
        await superuser.query(`${before}; ${look}`);
        return (await superuser.query(`select 1 from tessera.${table} where tenant_id = 'alpha'`)).rowCount ?? 0;
      });
    expect(await seenWith(hole)).toBeGreaterThan(0);
    expect(await seenWith('select')).toBe(0);
  });
});

describe('a row that is written with another audience than its document’s', () => {
  const chunk = `insert into chunks (tenant_id, id, document_id, ordinal, context, text, start_offset, end_offset, language, content_hash, audience)
    values ('alpha', gen_random_uuid(), $1, 7, '', '', 0, 0, 'english', sha256('x'), $2)`;
  const vector = `insert into embeddings (tenant_id, model_id, chunk_id, document_id, coarse, full_vector, dimensions, audience)
    values ('alpha', $1, $2, $3, $4::text::halfvec, $4::text::vector, 256, $5)`;
  const job = 'insert into embedding_jobs (tenant_id, model_id, chunk_id, audience) values ($1, $2, $3, $4)';

  test('is refused, as is one that does not say', async () => {
    await put(audience);
    const write = (text: string, parameters: unknown[]) =>
      tryInScope(db.database, writerScope(guest), text, parameters);
    const embed = (audienceOfVector: number) =>
      tryInScope(db.worker, workerScope(alpha), vector, [
        ...[seeded.modelId, seeded.bareChunkId, seeded.documentId, unitVector, audienceOfVector],
      ]);
    for (const wrong of [0, audience + 1]) {
      expect(await write(chunk, [seeded.documentId, wrong])).toEqual({ code: '23503' });
      expect(await write(job, ['alpha', seeded.modelId, seeded.bareChunkId, wrong])).toEqual({ code: '23503' });
      expect(await embed(wrong)).toEqual({ code: '23503' });
    }
    expect(await write(chunk, [seeded.documentId, audience])).toMatchObject({ count: 1 });
    expect(await write(job, ['alpha', seeded.modelId, seeded.bareChunkId, audience])).toMatchObject({ count: 1 });
    expect(await embed(audience)).toMatchObject({ count: 1 });
  });
});

describe('the keyword functions, which read past the policies,', () => {
  test.each([
    ['keyword_matches', `select keyword_matches('english', 'lamp'::tsquery) as id`],
    ['keyword_best', `select keyword_best('english', 'lamp'::tsquery, '{1:1}/268435456'::sparsevec, 10) as id`],
    ['matching_chunks', `select matching_chunks('lamp') as id`],
  ])('give nobody a passage of a document whose list does not name them: %s', async (_, text) => {
    const found = async (principal: Principal) => (await readAsTenant(db.database, principal, statement(text))).length;
    await put(0);
    expect([await found(ann), await found(guest)]).toEqual([2, 2]);
    await put(audience);
    expect([await found(ann), await found(bob), await found(guest)]).toEqual([2, 2, 0]);
  });
});

describe('that a tenant has lists', () => {
  test('is known to the searches of all its people, and of no other tenant', async () => {
    await db.owner.query(`insert into tenants (id) values ('gamma')`);
    await db.owner.query(`insert into tenant_models (tenant_id, model_id) values ('gamma', $1)`, [seeded.modelId]);
    const { hasAccessLists } = createTunedSearch({ database: db.database });
    expect([await hasAccessLists(guest), await hasAccessLists(principalOf('gamma'))]).toEqual([true, false]);
  });
});

describe('the lists themselves', () => {
  test('are read by whom they name, and are nobody else’s to read', async () => {
    const read = (principal: Principal) =>
      readAsTenant(db.database, principal, statement('select users, groups from audiences order by id'));
    expect(await read(ann)).toEqual([{ users: ['ann'], groups: ['support'] }]);
    expect(await read(bob)).toEqual([{ users: ['ann'], groups: ['support'] }]);
    expect(await read(guest)).toEqual([]);
  });

  test('can be neither changed nor taken away, by whoever writes or reads', async () => {
    for (const scope of [writerScope(ann), tenantScope(ann)]) {
      for (const text of [
        `update audiences set users = '{guest}'`,
        'delete from audiences',
        `update audience_members set member = 'u:guest'`,
        'delete from audience_members',
        'select 1 from audience_members',
      ])
        expect(await tryInScope(db.database, scope, text), text).toEqual({ code: '42501' });
    }
  });
});

describe('names', () => {
  const tricky = [
    ...[
      'ann',
      'Ann',
      'ANN',
      ' ann',
      'ann ',
      'ann\n',
      'u:ann',
      'g:ann',
      'u:',
      'g:',
      ':',
      'ann,bob',
      '{ann}',
      '"ann"',
      "'ann'",
    ],
    ...[
      '\\',
      '\\\\',
      '\\u0000',
      '"',
      "'",
      '{',
      '}',
      '[]',
      'null',
      'NULL',
      '',
      '\u0001',
      '\u007f',
      '\t',
      '\r\n',
      '%',
      '_',
      '$1',
      '; --',
    ],
    ...[
      'é',
      'e\u0301',
      'Å',
      'Å',
      'ß',
      'SS',
      'ı',
      'I',
      'а',
      'a',
      '\u202eann',
      'ann\u200b',
      '\ufeffann',
      '\u{10ffff}',
      '\ue000',
      '🔑',
    ],
    ...['x'.repeat(256), `${'x'.repeat(255)}y`, '\u{1F511}'.repeat(128)],
  ].filter((name) => name.length > 0);
  const name = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...tricky) },
    {
      weight: 1,
      arbitrary: fc
        .string({ unit: 'binary', minLength: 1, maxLength: 40 })
        .filter((text) => !text.includes('\0') && text.isWellFormed()),
    },
  );
  const names = fc.uniqueArray(name, { maxLength: 4 });
  const list = fc
    .record({ users: names, groups: names })
    .filter(({ users, groups }) => users.length + groups.length > 0);
  const people = fc.array(fc.record({ subject: name, groups: names }), { minLength: 4, maxLength: 4 });

  const sees = async (principal: Principal) => {
    const rows = await readAsTenant(
      db.database,
      principal,
      documentsByIdStatement(alpha, [seeded.documentId as DocumentId]),
    );
    return rows.length === 1;
  };
  const store = (acl: AccessList) =>
    writeAsTenant(db.database, guest, async (execute) => {
      const [id] = await resolveAudiences(alpha, [acl], execute);
      await execute(statement(`update documents set audience = $1 where tenant_id = 'alpha'`, [id]));
      return id as number;
    });

  test('of any characters mean what they are, and nothing like them', { timeout: 60_000 }, async () => {
    let seen = 0;
    let hidden = 0;
    await fc.assert(
      fc.asyncProperty(list, people, async (acl, some) => {
        await store(acl);
        // Besides strangers: each member by itself, in its own part and in the other.
        const members = [
          ...acl.users.flatMap((subject) => [
            { subject, groups: [] },
            { subject: 'nobody else', groups: [subject] },
          ]),
          ...acl.groups.flatMap((group) => [
            { subject: 'nobody else', groups: [group] },
            { subject: group, groups: [] },
          ]),
        ];
        for (const who of [...some, ...members]) {
          const expected = maySee(who, acl);
          expect([who, acl, await sees(principalOf('alpha', who))]).toEqual([who, acl, expected]);
          if (expected) seen++;
          else hidden++;
        }
      }),
      { numRuns: 150, seed: 20_261_125 },
    );
    expect(Math.min(seen, hidden)).toBeGreaterThan(300);
  });

  test('in the same list, in whatever order and how often, are one audience; in another, another', async () => {
    const same = await Promise.all([
      store({ users: ['a', 'b'], groups: ['c'] }),
      store({ users: ['b', 'a', 'b'], groups: ['c', 'c'] }),
    ]);
    expect(same[0]).toBe(same[1]);
    const others = [
      { users: ['a'], groups: ['b', 'c'] },
      { users: ['a', 'b', 'c'], groups: [] },
      { users: ['ab'], groups: ['c'] },
      { users: [], groups: ['a', 'b', 'c'] },
    ];
    const ids = [];
    for (const other of others) ids.push(await store(other));
    expect(new Set([same[0], ...ids]).size).toBe(5);
  });
});
