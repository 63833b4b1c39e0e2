import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeServer } from '../support/database.ts';
import { type Ground, newTally, type RoundOptions, runRound } from './fuzz.ts';
import { type OpenGround, openGround } from './ground.ts';
import { createPolicy, dropPolicy, openPolicy, readTenantPolicies, type TenantPolicy, widenPolicy } from './holes.ts';
import type { Mix } from './operations.ts';
import type { Difference, DifferenceKind } from './world.ts';

/** Mostly straight at the database, where the lock is: a statement's own tenant hides a hole from whoever asks the gateway. */
const closeUp: Mix = { read: 20, write: 4, 'database read': 40, 'database attempt': 60, drain: 1 };

/** What the fuzz finds in one short round. */
function fuzz(ground: Ground, change: Partial<RoundOptions> = {}): Promise<readonly Difference[]> {
  return runRound(ground, { seed: 4, steps: 600, mix: closeUp, ...change }, newTally());
}

const nameOf = ({ policy, table }: TenantPolicy) => `${policy} on ${table}`;
const kindsOf = (differences: readonly Difference[]) => [...new Set(differences.map(({ kind }) => kind))];

describeServer('the fuzz notices', () => {
  let ground: OpenGround;
  let policies: readonly TenantPolicy[];
  beforeAll(async () => {
    ground = await openGround();
    policies = await readTenantPolicies(ground.gateway.db.owner);
  });
  afterAll(() => ground[Symbol.asyncDispose]());

  /** Looks at a table, above all, while a policy of it is otherwise. */
  async function fuzzWhile(policy: TenantPolicy, hole: string, change: Partial<RoundOptions> = {}) {
    const { owner } = ground.gateway.db;
    await owner.query(hole);
    try {
      const tables = ground.tables.filter(({ table }) => table === policy.table);
      return await fuzz({ ...ground, tables }, change);
    } finally {
      await owner.query(`drop policy if exists ${policy.policy} on ${policy.table}; ${createPolicy(policy)}`);
    }
  }

  test('nothing where nothing is wrong', { timeout: 300_000 }, async () => {
    expect(await fuzz(ground)).toEqual([]);
    expect(policies.length).toBeGreaterThan(25);
  });

  test('each policy of a tenant that lets everything through', { timeout: 900_000 }, async () => {
    const unnoticed: string[] = [];
    for (const policy of policies) {
      const found = await fuzzWhile(policy, openPolicy(policy), { until: 'leak' });
      if (!kindsOf(found).includes('leak')) unnoticed.push(nameOf(policy));
    }
    expect(unnoticed).toEqual([]);
  });

  test('each policy of a tenant that is gone', { timeout: 900_000 }, async () => {
    const unnoticed: string[] = [];
    for (const policy of policies) {
      const found = await fuzzWhile(policy, dropPolicy(policy));
      if (found.length === 0) unnoticed.push(nameOf(policy));
    }
    expect(unnoticed).toEqual([]);
  });

  test('each policy that asks for the tenant and no more for access lists', { timeout: 600_000 }, async () => {
    const unnoticed: string[] = [];
    let holes = 0;
    for (const policy of policies) {
      const hole = widenPolicy(policy);
      if (hole === undefined) continue;
      holes++;
      const found = await fuzzWhile(policy, hole, { until: 'leak' });
      if (!kindsOf(found).includes('leak')) unnoticed.push(nameOf(policy));
    }
    expect(holes).toBeGreaterThan(5);
    expect(unnoticed).toEqual([]);
  });

  const anotherTenant = (opening: string) =>
    opening.replace(
      /(tessera\.tenant_id = 'r\d+-)(a|A)'/,
      (_, start, letter) => `${start}${letter === 'a' ? 'A' : 'a'}'`,
    );

  test.each<readonly [name: string, kind: DifferenceKind, rewrite: (opening: string) => string]>([
    ['no scope at all', 'missing', () => 'begin'],
    ['no role', 'missing', (opening) => opening.replace(/set local role \w+;/, '')],
    ['no tenant', 'missing', (opening) => opening.replace(/set local tessera\.tenant_id = '[^']*';/, '')],
    ["another tenant's id", 'leak', anotherTenant],
    [
      'no subject',
      'missing',
      (opening) => opening.replace(/set local tessera\.subject = E?'(?:[^'\\]|''|\\.)*';/s, ''),
    ],
    [
      "somebody else's subject",
      'leak',
      (opening) => opening.replace(/(set local tessera\.subject =) E?'(?:[^'\\]|''|\\.)*'/s, "$1 'ann'"),
    ],
  ])('a scope with %s', { timeout: 120_000 }, async (_, kind, rewrite) => {
    await using other = await openGround({ scope: rewrite });
    expect(kindsOf(await fuzz(other, { until: kind }))).toContain(kind);
    // Without a look past the gateway it is noticed too, be it only because the statement's own tenant disagrees.
    expect(await fuzz(other, { mix: { read: 60, write: 12, claims: 4 } })).not.toEqual([]);
  });

  describe('tables that are read as their owner', () => {
    const tables = ['documents', 'chunks', 'embeddings'];
    const owner = `tessera_fuzz_owner_${randomBytes(4).toString('hex')}`;
    let asOwner: OpenGround;
    beforeAll(async () => {
      asOwner = await openGround({
        scope: (opening) => opening.replace(/set local role tessera_(reader|tenant)/, `set local role ${owner}`),
      });
      await asOwner.gateway.db.owner.query(
        `create role ${owner} nologin noinherit; grant ${owner} to tessera_gateway; grant usage on schema tessera to ${owner};
         grant select on all tables in schema tessera to ${owner}; grant execute on all functions in schema tessera to ${owner};
         ${tables.map((table) => `alter table ${table} owner to ${owner};`).join(' ')}`,
      );
    });
    afterAll(async () => {
      await asOwner.gateway.db.owner.query(`drop owned by ${owner} cascade; drop role ${owner}`);
      await asOwner[Symbol.asyncDispose]();
    });

    const reads = { mix: { read: 1, 'database read': 3 }, until: 'leak' } as const;

    test('give nothing while row-level security is forced', { timeout: 120_000 }, async () => {
      const found = await fuzz(asOwner, { ...reads, steps: 200 });
      expect(found.filter(({ kind }) => kind === 'leak')).toEqual([]);
      expect(kindsOf(found)).toContain('missing');
    });

    test.each(tables)('give everything where it is not forced on %s', { timeout: 120_000 }, async (table) => {
      const { owner: superuser } = asOwner.gateway.db;
      await superuser.query(`alter table ${table} no force row level security`);
      try {
        expect(kindsOf(await fuzz(asOwner, reads))).toContain('leak');
      } finally {
        await superuser.query(`alter table ${table} force row level security`);
      }
    });
  });
});
