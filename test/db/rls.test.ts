import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { operatorScope, readingRoles, type Scope, tenantScope, workerScope } from '../../src/db/scope.ts';
import type { TenantId } from '../../src/ids.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { type Outcome, tryInScope } from '../support/in-scope.ts';
import { principalOf } from '../support/principal.ts';
import { type SeededTenant, seedEveryTable, unitVector } from '../support/seed-every-table.ts';

/** What a role may do with the rows of a table: only its tenant's own, all of them, none that is there, or nothing at all. */
type Reach = 'own' | 'all' | 'none' | 'never';
type Verb = 'select' | 'insert' | 'update' | 'delete';
type Role =
  | (typeof readingRoles)[number]
  | 'tessera_tenant'
  | 'tessera_admin'
  | 'tessera_gate'
  | 'tessera_worker'
  | 'tessera_exporter'
  | 'tessera_sampler';
type Reaches = Readonly<Record<Verb, Reach>>;

const reach = (select: Reach, insert: Reach, update: Reach, remove: Reach): Reaches => ({
  select,
  insert,
  update,
  delete: remove,
});

const nothing = reach('never', 'never', 'never', 'never');
const ownReads = reach('own', 'never', 'never', 'never');

interface TenantTable {
  /** The reader reads what the tenant's writer reads, and writes nothing; other readers as below; the gate has no table. */
  readonly reaches: Readonly<Record<'tessera_tenant' | 'tessera_worker', Reaches>> & {
    readonly tessera_admin?: Reaches;
    readonly tessera_exporter?: Reaches;
    readonly tessera_sampler?: Reaches;
  };
  /** A new row of a tenant whose foreign keys hold. */
  readonly insert: (tenant: SeededTenant) => readonly [columns: string, values: string, parameters: unknown[]];
  /** An assignment to a column that changes. */
  readonly update: string;
}

// The specification: every table of a tenant, and how far each role reaches (select, insert, update, delete).
const tables: Readonly<Record<string, TenantTable>> = {
  tenant_models: {
    reaches: {
      tessera_tenant: reach('own', 'own', 'never', 'never'),
      tessera_worker: reach('own', 'never', 'never', 'never'),
      tessera_exporter: ownReads,
    },
    insert: (t) => ['tenant_id, model_id', '$1, $2', [t.tenantId, t.modelId]],
    update: `tier = 'hnsw'`,
  },
  documents: {
    reaches: {
      tessera_tenant: reach('own', 'own', 'own', 'own'),
      // It clears away what nobody sees any more, of which there is none here.
      tessera_worker: reach('none', 'never', 'never', 'none'),
      tessera_exporter: ownReads,
    },
    insert: (t) => [
      'tenant_id, id, collection, title, body, content_hash',
      `$1, $2, 'notes', '', '', sha256('x')`,
      [t.tenantId, randomUUID()],
    ],
    update: `title = 'changed'`,
  },
  audiences: {
    reaches: {
      tessera_tenant: reach('own', 'own', 'never', 'never'),
      tessera_worker: nothing,
      tessera_exporter: ownReads,
    },
    insert: (t) => ['tenant_id, users, groups, digest', `$1, '{ann}', '{}', sha256('y')`, [t.tenantId]],
    update: `users = '{}'`,
  },
  audience_members: {
    // Nobody reads it but the function of the policies.
    reaches: {
      tessera_tenant: reach('never', 'own', 'never', 'never'),
      tessera_worker: nothing,
    },
    insert: (t) => ['tenant_id, member, audience', `$1, 'g:staff', $2`, [t.tenantId, t.audience]],
    update: `member = 'u:other'`,
  },
  collections: {
    reaches: {
      tessera_tenant: reach('own', 'own', 'own', 'own'),
      tessera_worker: reach('never', 'never', 'never', 'never'),
      tessera_exporter: ownReads,
    },
    insert: (t) => ['tenant_id, name', `$1, 'letters'`, [t.tenantId]],
    update: `language = 'german'`,
  },
  document_attributes: {
    reaches: {
      tessera_tenant: reach('own', 'own', 'never', 'own'),
      tessera_worker: reach('never', 'never', 'never', 'never'),
    },
    insert: (t) => ['tenant_id, document_id, name, number_value', `$1, $2, 'pages', 12`, [t.tenantId, t.documentId]],
    update: 'number_value = 9',
  },
  chunks: {
    reaches: {
      tessera_tenant: reach('own', 'own', 'own', 'own'),
      tessera_worker: reach('own', 'never', 'never', 'never'),
      tessera_exporter: ownReads,
    },
    insert: (t) => [
      'tenant_id, id, document_id, ordinal, context, text, start_offset, end_offset, language, content_hash',
      `$1, $2, $3, 9, '', 'text', 0, 4, 'english', sha256('x')`,
      [t.tenantId, randomUUID(), t.documentId],
    ],
    update: 'start_offset = 0',
  },
  embeddings: {
    reaches: {
      // Which passage a vector answers for, and nothing else of it.
      tessera_tenant: reach('own', 'never', 'own', 'never'),
      tessera_worker: reach('own', 'own', 'never', 'own'),
      tessera_exporter: ownReads,
    },
    insert: (t) => [
      'tenant_id, model_id, chunk_id, document_id, coarse, full_vector, dimensions',
      '$1, $2, $3, $4, $5::text::halfvec, $5::text::vector, 256',
      [t.tenantId, t.modelId, t.bareChunkId, t.documentId, unitVector],
    ],
    update: 'stand_in = stand_in',
  },
  unembeddable_chunks: {
    reaches: {
      tessera_tenant: reach('own', 'never', 'never', 'never'),
      tessera_worker: reach('own', 'own', 'never', 'own'),
    },
    insert: (t) => ['tenant_id, model_id, chunk_id, reason', `$1, $2, $3, 'x'`, [t.tenantId, t.modelId, t.bareChunkId]],
    update: `reason = 'changed'`,
  },
  embedding_jobs: {
    reaches: {
      tessera_tenant: reach('own', 'own', 'own', 'never'),
      tessera_worker: reach('all', 'own', 'all', 'all'),
    },
    insert: (t) => ['tenant_id, model_id, chunk_id', '$1, $2, $3', [t.tenantId, t.modelId, t.bareChunkId]],
    update: 'attempts = 9',
  },
  source_changes: {
    reaches: {
      tessera_tenant: reach('own', 'never', 'own', 'own'),
      tessera_worker: reach('all', 'never', 'never', 'never'),
    },
    insert: (t) => [
      'tenant_id, source, key, seq, kind, collection',
      `$1, 'public.notes', 'two', 2, 'delete', 'notes'`,
      [t.tenantId],
    ],
    update: 'attempts = 9',
  },
  jobs: {
    reaches: {
      tessera_tenant: reach('own', 'own', 'own', 'never'),
      // It deletes those on which nothing has happened for a month, of which there is none here.
      tessera_worker: reach('own', 'never', 'own', 'none'),
    },
    insert: (t) => ['tenant_id, id, kind, created_by', `$1, $2, 'write', 'somebody'`, [t.tenantId, randomUUID()]],
    update: 'done = 9',
  },
  write_outcomes: {
    reaches: {
      tessera_tenant: reach('own', 'own', 'own', 'never'),
      // What is a day old, as every seeded row is.
      tessera_worker: reach('all', 'never', 'never', 'all'),
    },
    insert: (t) => ['tenant_id, subject, key, fingerprint', `$1, 'somebody', 'two', 'x'`, [t.tenantId]],
    update: `outcome = '{}'`,
  },
  term_stats: {
    reaches: {
      tessera_tenant: reach('own', 'never', 'never', 'never'),
      tessera_worker: reach('own', 'own', 'own', 'own'),
    },
    insert: (t) => ['tenant_id, language, term, chunks', `$1, 'english', 77, 1`, [t.tenantId]],
    update: 'chunks = 9',
  },
  corpus_stats: {
    reaches: {
      tessera_tenant: reach('own', 'never', 'never', 'never'),
      tessera_worker: reach('own', 'own', 'own', 'own'),
    },
    insert: (t) => ['tenant_id, language, chunks', `$1, 'german', 1`, [t.tenantId]],
    update: 'chunks = 9',
  },
  drift_looks: {
    reaches: { tessera_tenant: nothing, tessera_worker: reach('own', 'own', 'own', 'never') },
    insert: (t) => ['tenant_id', '$1', [t.tenantId]],
    update: `found = '{}'`,
  },
  recall_curves: {
    reaches: {
      tessera_tenant: reach('own', 'never', 'never', 'never'),
      tessera_worker: reach('never', 'never', 'never', 'never'),
    },
    insert: (t) => [
      'tenant_id, model_id, tier, chunks, sample, settings, exact_p50_ms, exact_p95_ms',
      `$1, $2, 'exact', 1, 1, '[]', 1, 1`,
      [t.tenantId, t.modelId],
    ],
    update: 'sample = 9',
  },
  api_keys: {
    reaches: {
      tessera_tenant: nothing,
      tessera_admin: reach('own', 'own', 'own', 'never'),
      tessera_worker: nothing,
    },
    insert: (t) => [
      'tenant_id, id, prefix, secret_hash, name, subject, scopes, created_by',
      `$1, $2, 'ba9876543210', sha256('y'), 'two', 'key', '[]', 'somebody'`,
      [t.tenantId, randomUUID()],
    ],
    update: 'revoked_at = now()',
  },
  revoked_tokens: {
    reaches: {
      tessera_tenant: nothing,
      tessera_admin: reach('own', 'own', 'own', 'never'),
      // What has expired, as every seeded row has.
      tessera_worker: reach('all', 'never', 'never', 'all'),
    },
    insert: (t) => ['tenant_id, token_id, expires_at, revoked_by', `$1, 'two', now(), 'somebody'`, [t.tenantId]],
    update: 'expires_at = now()',
  },
  canaries: {
    reaches: {
      tessera_tenant: reach('own', 'own', 'never', 'never'),
      tessera_admin: reach('never', 'own', 'never', 'never'),
      tessera_worker: nothing,
    },
    insert: (t) => ['tenant_id', '$1', [t.tenantId]],
    update: 'created_at = now()',
  },
  tenant_deletions: {
    reaches: {
      tessera_tenant: ownReads,
      tessera_admin: ownReads,
      // And of others what is not finished, as every seeded row is.
      tessera_worker: ownReads,
      tessera_sampler: ownReads,
    },
    insert: (t) => ['tenant_id, id, requested_by', `$1, $2, 'somebody'`, [t.tenantId, randomUUID()]],
    update: 'lifted_at = now()',
  },
  quota_limits: {
    reaches: { tessera_tenant: nothing, tessera_worker: nothing },
    insert: (t) => ['tenant_id, key_id', '$1, $2', [t.tenantId, randomUUID()]],
    update: 'documents = 9',
  },
  quota_windows: {
    // What has ended, as every seeded row has.
    reaches: { tessera_tenant: nothing, tessera_worker: reach('all', 'never', 'never', 'all') },
    insert: (t) => [
      'tenant_id, key_id, kind, started_at',
      `$1, $2, 'requestsPerMinute', now()`,
      [t.tenantId, randomUUID()],
    ],
    update: 'taken = 0',
  },
  query_samples: {
    reaches: {
      tessera_tenant: nothing,
      // What is old, as every seeded row is.
      tessera_worker: reach('all', 'never', 'never', 'all'),
      tessera_sampler: reach('own', 'own', 'never', 'own'),
    },
    insert: (t) => ['tenant_id, draw, mode, text', `$1, $2, 'SEMANTIC', 'a window'`, [t.tenantId, Math.random()]],
    update: `text = 'changed'`,
  },
  audit_log: {
    reaches: {
      tessera_tenant: reach('never', 'own', 'never', 'never'),
      tessera_admin: reach('own', 'own', 'never', 'never'),
      // What is old, as every seeded row is.
      tessera_worker: reach('all', 'never', 'never', 'all'),
      tessera_exporter: reach('never', 'own', 'never', 'never'),
    },
    insert: (t) => [
      'tenant_id, id, action, target_kind, target_count',
      `$1, $2, 'tried', 'tenant', 1`,
      [t.tenantId, randomUUID()],
    ],
    update: `action = 'changed'`,
  },
};

const ofAllScopes = ['tenant_deletions'];
const ofDocuments = [...ofAllScopes, 'documents', 'chunks', 'embedding_jobs', 'tenant_models'];

/** Of what the reader reads, the tables that somebody reads who lacks search, or documents:read, or both. */
const readBy: Readonly<Partial<Record<Role, readonly string[]>>> = {
  tessera_searcher: [
    ...[...ofDocuments, 'document_attributes'],
    ...['embeddings', 'term_stats', 'corpus_stats', 'recall_curves'],
  ],
  tessera_lister: [
    ...[...ofDocuments, 'document_attributes'],
    ...['collections', 'unembeddable_chunks', 'jobs', 'source_changes'],
  ],
  tessera_author: [...ofDocuments, 'jobs', 'audiences'],
  tessera_caller: ofAllScopes,
};

/** How far a role reaches into a table. */
function reachOf(table: string, role: Role): Reaches {
  const { reaches } = tables[table] as TenantTable;
  const isRead = readBy[role]?.includes(table) ?? role === 'tessera_reader';
  if (isReader(role)) return isRead ? { ...nothing, select: reaches.tessera_tenant.select } : nothing;
  if (role === 'tessera_gate') return nothing;
  return reaches[role] ?? nothing;
}

function isReader(role: Role): role is (typeof readingRoles)[number] {
  return (readingRoles as readonly Role[]).includes(role);
}

const refused: Outcome = { code: '42501' };
const roles: readonly Role[] = [
  ...readingRoles,
  'tessera_tenant',
  'tessera_admin',
  'tessera_gate',
  'tessera_worker',
  'tessera_exporter',
  'tessera_sampler',
];
const workerRoles: readonly Role[] = ['tessera_worker', 'tessera_exporter'];
/** Those that see the row of their tenant. */
const rolesOfTenant = roles.filter((role) => role !== 'tessera_gate');
const cases = Object.keys(tables).flatMap((table) => roles.map((role) => ({ table, role })));

let db: TestDatabase;
let alpha: SeededTenant;
let beta: SeededTenant;

beforeAll(async () => {
  db = await openTestDatabase();
  alpha = await seedEveryTable(db.owner, 'alpha');
  beta = await seedEveryTable(db.owner, 'beta');
});
afterAll(() => db.close());

function scopeOf(role: Role, tenantId: string): Scope {
  return { ...tenantScope(principalOf(tenantId)), role };
}

/** Tries a statement as the role in alpha's scope. */
function attempt(role: Role, text: string, parameters: readonly unknown[] = []): Promise<Outcome> {
  return tryInScope(workerRoles.includes(role) ? db.worker : db.database, scopeOf(role, 'alpha'), text, parameters);
}

describe.each(cases)('$role in the scope of alpha, on $table', ({ table, role }) => {
  const { insert, update } = tables[table] as TenantTable;
  const own = reachOf(table, role);

  test(`selects ${words(own.select)}`, async () => {
    const all = await attempt(role, `select distinct tenant_id from ${table} order by 1`);
    const betas = await attempt(role, `select 1 from ${table} where tenant_id = 'beta'`);
    if (own.select === 'never') {
      expect([all, betas]).toEqual([refused, refused]);
    } else {
      const seen = { own: ['alpha'], all: ['alpha', 'beta'], none: [] }[own.select];
      expect(all).toMatchObject({ rows: seen.map((id) => ({ tenant_id: id })) });
      expect(betas).toMatchObject({ count: own.select === 'all' ? expect.any(Number) : 0 });
    }
  });

  test(`inserts ${words(own.insert)}`, async () => {
    // A tenant has one active model, one canary and one last look; for another row of its own the first must go.
    const isSingle = ['tenant_models', 'canaries', 'drift_looks'].includes(table);
    if (isSingle) await db.owner.query(`delete from ${table} where tenant_id = 'alpha'`);
    const insertInto = (tenant: SeededTenant) => {
      const [columns, values, parameters] = insert(tenant);
      return attempt(role, `insert into ${table} (${columns}) values (${values})`, parameters);
    };
    expect(await insertInto(beta)).toEqual(refused);
    if (own.insert === 'own') expect(await insertInto(alpha)).toMatchObject({ count: 1 });
    else expect(await insertInto(alpha)).toEqual(refused);
    if (isSingle) {
      const [columns, values, parameters] = insert(alpha);
      await db.owner.query(`insert into ${table} (${columns}) values (${values})`, parameters);
    }
  });

  test(`updates ${words(own.update)}`, async () => {
    const on = (tenantId: string) => attempt(role, `update ${table} set ${update} where tenant_id = $1`, [tenantId]);
    expect([await on('alpha'), await on('beta')]).toMatchObject(outcomes(own.update));
    // Nobody moves a row to another tenant, whatever else it may change.
    expect(await attempt(role, `update ${table} set tenant_id = 'beta'`)).toEqual(refused);
  });

  test(`deletes ${words(own.delete)}`, async () => {
    const from = (tenantId: string) => attempt(role, `delete from ${table} where tenant_id = $1`, [tenantId]);
    expect([await from('alpha'), await from('beta')]).toMatchObject(outcomes(own.delete));
  });

  test('cannot empty it', async () => {
    expect(await attempt(role, `truncate ${table} cascade`)).toEqual(refused);
  });
});

/** What happens to alpha's and to beta's rows. */
function outcomes(own: Reach): unknown[] {
  if (own === 'never') return [refused, refused];
  const some = { count: expect.toSatisfy((count: number) => count > 0) };
  if (own === 'none') return [{ count: 0 }, { count: 0 }];
  return own === 'all' ? [some, some] : [some, { count: 0 }];
}

function words(own: Reach): string {
  return { own: 'its own rows and none of beta', all: 'every row', none: 'no row that is there', never: 'nothing' }[
    own
  ];
}

describe('the tables of a tenant', () => {
  test('are all in the table above', async () => {
    const { rows } = await db.owner.query<{ name: string }>(
      `select c.relname as name from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id'
       where c.relnamespace = 'tessera'::regnamespace and c.relkind in ('r', 'p') order by 1`,
    );
    expect(rows.map(({ name }) => name)).toEqual(Object.keys(tables).sort());
  });

  test('hold rows of both tenants, so that every denial above denies something', async () => {
    for (const table of Object.keys(tables)) {
      const { rows } = await db.owner.query(
        `select distinct tenant_id from ${table} where tenant_id not like 'tessera-canary-%' order by 1`,
      );
      expect(rows, table).toEqual([{ tenant_id: 'alpha' }, { tenant_id: 'beta' }]);
    }
  });
});

describe('the table of tenants', () => {
  const select = 'select id from tenants order by 1';

  test('shows whoever works for a tenant only the tenant, and the operator all', async () => {
    for (const role of rolesOfTenant)
      expect(await attempt(role, select), role).toEqual({ rows: [{ id: 'alpha' }], count: 1 });
    expect(await tryInScope(db.database, operatorScope, select)).toMatchObject({
      rows: [{ id: 'alpha' }, { id: 'beta' }],
    });
  });

  test('takes from a tenant a row of its own name and of no other', async () => {
    const insert = 'insert into tenants (id) values ($1)';
    const gamma = scopeOf('tessera_tenant', 'gamma');
    expect(await tryInScope(db.database, gamma, insert, ['gamma'])).toMatchObject({ count: 1 });
    expect(await tryInScope(db.database, gamma, insert, ['delta'])).toEqual(refused);
    expect(await tryInScope(db.database, gamma, `insert into tenants (id, status) values ('gamma', 'active')`)).toEqual(
      refused,
    );
    expect(await tryInScope(db.worker, workerScope('gamma' as TenantId), insert, ['gamma'])).toEqual(refused);
  });

  test('is changed by the operator, who deletes nothing, and by nobody else', async () => {
    const update = `update tenants set status = 'suspended' where id = 'alpha'`;
    for (const role of roles) {
      expect(await attempt(role, update), role).toEqual(refused);
      expect(await attempt(role, `delete from tenants`), role).toEqual(refused);
    }
    expect(await tryInScope(db.database, operatorScope, update)).toMatchObject({ count: 1 });
    expect(await tryInScope(db.database, operatorScope, `update tenants set id = 'other'`)).toEqual(refused);
    expect(await tryInScope(db.database, operatorScope, 'delete from tenants')).toEqual(refused);
  });
});

describe('a tenant cannot find out what another stores', () => {
  test('by asking for an id that is taken: the other’s ids are free to use', async () => {
    const insert = `insert into documents (tenant_id, id, collection, external_id, title, body, content_hash)
      values ('alpha', $1, 'notes', $2, '', '', sha256('x'))`;
    expect(await attempt('tessera_tenant', insert, [beta.documentId, 'two'])).toMatchObject({ count: 1 });
    expect(await attempt('tessera_tenant', insert, [randomUUID(), 'one'])).toEqual({ code: '23505' });
  });

  test('by pointing at a row: the other’s rows are as absent as those that never were', async () => {
    const insert = `insert into chunks (tenant_id, id, document_id, ordinal, context, text, start_offset, end_offset, language, content_hash)
      values ('alpha', gen_random_uuid(), $1, 7, '', '', 0, 0, 'english', sha256('x'))`;
    expect(await attempt('tessera_tenant', insert, [beta.documentId])).toEqual({ code: '23503' });
    expect(await attempt('tessera_tenant', insert, [randomUUID()])).toEqual({ code: '23503' });
    expect(await attempt('tessera_tenant', insert, [alpha.documentId])).toMatchObject({ count: 1 });
  });

  test('by a condition that fails on a row that it may not see: it is not tried there', async () => {
    const spy = `select id from documents where tenant_id = 'beta' and (body || 1 / (length(body) - length(body))) is not null`;
    expect(await attempt('tessera_tenant', spy)).toEqual({ rows: [], count: 0 });
    expect(await attempt('tessera_tenant', spy.replace('beta', 'alpha'))).toEqual({ code: '22012' });
  });
});

describe('the tests above notice a lock that is off', () => {
  test.each([
    ['a policy that lets everything through', 'alter policy tenant_reads on documents using (true)'],
    ['a table without row-level security', 'alter table documents disable row level security'],
    ['one policy more', 'create policy more on documents for select to tessera_tenant using (true)'],
  ])('%s', async (_, hole) => {
    const seen = await db.whatIf(async (superuser) => {
      await superuser.query(`${hole}; set local role tessera_tenant; set local tessera.tenant_id = 'alpha'`);
      return (await superuser.query('select tenant_id from tessera.documents order by 1')).rows;
    });
    expect(seen).toEqual([{ tenant_id: 'alpha' }, { tenant_id: 'beta' }]);
  });

  test('the positive control: without the hole, only its own', async () => {
    const seen = await db.whatIf(async (superuser) => {
      await superuser.query(`set local role tessera_tenant; set local tessera.tenant_id = 'alpha'`);
      return (await superuser.query('select tenant_id from tessera.documents order by 1')).rows;
    });
    expect(seen).toEqual([{ tenant_id: 'alpha' }]);
  });
});
