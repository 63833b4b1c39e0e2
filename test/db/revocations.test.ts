import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { revocationsStatement, toRevocation } from '../../src/access/access-statements.ts';
import { createApiKey, revokeApiKey } from '../../src/access/api-keys.ts';
import { type Access, openAccess } from '../../src/access/open-access.ts';
import { revokeToken } from '../../src/access/revoke-token.ts';
import type { Principal } from '../../src/auth/principal.ts';
import { type Database, readInFlight } from '../../src/db/database.ts';
import { gateScope } from '../../src/db/scope.ts';
import { parseTenantId } from '../../src/ids.ts';
import { createLogger } from '../../src/log.ts';
import { createTenant } from '../../src/tenants/change-tenant.ts';
import { deleteTenant } from '../../src/tenants/delete-tenant.ts';
import { eraseTenants } from '../../src/worker/erase-tenants.ts';
import { purgeRevokedTokens } from '../../src/worker/purge-revoked-tokens.ts';
import { describeServer, openTestDatabase, type TestDatabase } from '../support/database.ts';
import { tryInScope } from '../support/in-scope.ts';
import { principalOf } from '../support/principal.ts';
import { statement } from '../support/statement.ts';

const admin = principalOf('alpha', { scopes: ['search', 'tenant:admin'] });
const log = createLogger({ level: 'silent' });
const inAnHour = () => new Date(Date.now() + 3_600_000);

let db: TestDatabase;
beforeAll(async () => {
  db = await openTestDatabase();
});
afterAll(() => db.close());

/** A gateway as far as it finds out who calls, and how often it has asked the database about it. */
interface Gate {
  readonly access: Access;
  lookUps(): number;
  close(): Promise<void>;
}

const opened: Gate[] = [];
afterEach(async () => {
  for (const gate of opened.splice(0)) await gate.close();
});

/** @param beatMs how often it asks besides listening; by default never within a test. */
async function openGate(url: string, beatMs = 1_000_000, relyForMs = 3 * beatMs): Promise<Gate> {
  let lookUps = 0;
  const database: Database = {
    ...db.database,
    read: (scope, queries) => {
      lookUps++;
      return readInFlight(
        db.database,
        scope,
        queries.map((query) => ({ compile: () => query })),
      ) as Promise<unknown[][]>;
    },
  };
  // Whoever shows a token is taken at their word: what it takes to verify one is tested elsewhere.
  const verifyToken = async (token: string): Promise<Principal> => ({ ...principalOf('alpha'), tokenId: token });
  const access = await openAccess({ database, verifyToken, log, url, beatMs, relyForMs });
  const gate = { access, lookUps: () => lookUps, close: access.close };
  opened.push(gate);
  return gate;
}

/** Waits until a gateway hears of revocations: then a token that it never saw costs no look at the database. */
function hears({ access, lookUps }: Gate): Promise<void> {
  return vi.waitFor(
    async () => {
      const before = lookUps();
      await access.authenticate('probe');
      expect(lookUps()).toBe(before);
    },
    { timeout: 10_000, interval: 5 },
  );
}

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'accepted',
    (error: { code?: string }) => error.code,
  );

/** How long it took until a credential was refused, in milliseconds. */
async function timeToRefusal(gate: Gate, credential: string): Promise<number> {
  const startMs = performance.now();
  await vi.waitFor(async () => expect(await codeOf(gate.access.authenticate(credential))).toBe('TOKEN_REVOKED'), {
    timeout: 10_000,
    interval: 2,
  });
  return performance.now() - startMs;
}

const newKey = async () => {
  const { key, apiKey } = await createApiKey(db, admin, { name: 'robot', scopes: ['search'] });
  return { key: key.reveal(), id: apiKey.id };
};

describeServer('two gateways on one database', () => {
  test('a key that one revokes is refused by the other at once, which had remembered it and asks for nothing', async () => {
    const [one, two] = [await openGate(db.urls.gateway), await openGate(db.urls.gateway)];
    await Promise.all([hears(one), hears(two)]);
    const { key, id } = await newKey();
    for (const gate of [one, two]) expect((await gate.access.authenticate(key)).tenantId).toBe('alpha');
    const before = two.lookUps();
    for (let use = 0; use < 50; use++) await two.access.authenticate(key);
    expect(two.lookUps(), 'a key that is known costs no look-up').toBe(before);

    await revokeApiKey({ database: db.database, onRevoked: one.access.onRevoked }, admin, id);
    expect(await codeOf(one.access.authenticate(key)), 'where it was revoked, before anybody is told').toBe(
      'TOKEN_REVOKED',
    );
    // Neither asks by itself for a quarter of an hour: it heard.
    expect(await timeToRefusal(two, key)).toBeLessThan(1_000);
  });

  test('a token that one revokes is refused by the other at once, and only that one', async () => {
    const [one, two] = [await openGate(db.urls.gateway), await openGate(db.urls.gateway)];
    await Promise.all([hears(one), hears(two)]);
    const before = two.lookUps();
    expect(await codeOf(two.access.authenticate('jti-1'))).toBe('accepted');
    await revokeToken({ database: db.database, onRevoked: one.access.onRevoked }, admin, 'jti-1', inAnHour());
    expect(await codeOf(one.access.authenticate('jti-1'))).toBe('TOKEN_REVOKED');
    expect(await timeToRefusal(two, 'jti-1')).toBeLessThan(1_000);
    expect(await codeOf(two.access.authenticate('jti-2'))).toBe('accepted');
    expect(two.lookUps(), 'tokens cost no look-up').toBe(before);
  });

  test('a key is refused at once, too, where somebody revokes or deletes it in SQL', async () => {
    const gate = await openGate(db.urls.gateway);
    await hears(gate);
    const [revoked, deleted] = [await newKey(), await newKey()];
    for (const { key } of [revoked, deleted]) await gate.access.authenticate(key);
    await db.owner.query('update api_keys set revoked_at = now() where id = $1', [revoked.id]);
    expect(await timeToRefusal(gate, revoked.key)).toBeLessThan(1_000);
    await db.owner.query('delete from api_keys where id = $1', [deleted.id]);
    await vi.waitFor(async () => expect(await codeOf(gate.access.authenticate(deleted.key))).toBe('UNAUTHENTICATED'));
  });

  test('what was revoked before a gateway started is known to it', async () => {
    const { key, id } = await newKey();
    await revokeApiKey({ database: db.database, onRevoked: () => {} }, admin, id);
    await revokeToken({ database: db.database, onRevoked: () => {} }, admin, 'jti-early', inAnHour());
    const gate = await openGate(db.urls.gateway);
    for (const credential of [key, 'jti-early'])
      expect(await codeOf(gate.access.authenticate(credential)), 'before it hears').toBe('TOKEN_REVOKED');
    await hears(gate);
    for (const credential of [key, 'jti-early'])
      expect(await codeOf(gate.access.authenticate(credential)), 'when it hears').toBe('TOKEN_REVOKED');
  });
});

describeServer('a gateway that lost the connection by which it hears', () => {
  const kill = () =>
    db.owner.query(`select pg_terminate_backend(pid) from pg_stat_activity
      where application_name = 'tessera revocations' and datname = current_database()`);

  test('asks the database each time until there is another, and misses nothing meanwhile', async () => {
    const gate = await openGate(db.urls.gateway);
    await hears(gate);
    const { key, id } = await newKey();
    await gate.access.authenticate(key);
    const before = gate.lookUps();
    await kill();
    await vi.waitFor(async () => {
      await gate.access.authenticate(key);
      expect(gate.lookUps()).toBeGreaterThan(before);
    });
    // Revoked while nobody listens.
    await revokeApiKey({ database: db.database, onRevoked: () => {} }, admin, id);
    await revokeToken({ database: db.database, onRevoked: () => {} }, admin, 'jti-unheard', inAnHour());
    for (const credential of [key, 'jti-unheard'])
      expect(await codeOf(gate.access.authenticate(credential))).toBe('TOKEN_REVOKED');
    await hears(gate);
    for (const credential of [key, 'jti-unheard'])
      expect(await codeOf(gate.access.authenticate(credential))).toBe('TOKEN_REVOKED');
    const heard = gate.lookUps();
    expect(await codeOf(gate.access.authenticate('jti-3'))).toBe('accepted');
    expect(gate.lookUps(), 'it hears again').toBe(heard);
  });

  test('never could listen, and looks everything up', async () => {
    const gate = await openGate('postgres://nobody:wrong@127.0.0.1:9/none');
    const { key, id } = await newKey();
    for (let use = 0; use < 3; use++) {
      const before = gate.lookUps();
      await gate.access.authenticate(key);
      await gate.access.authenticate('jti-4');
      expect(gate.lookUps()).toBe(before + 2);
    }
    await revokeApiKey({ database: db.database, onRevoked: () => {} }, admin, id);
    expect(await codeOf(gate.access.authenticate(key))).toBe('TOKEN_REVOKED');
  });

  test('hears by asking where announcements do not arrive, as behind a pooler that shares connections', async () => {
    const gate = await openGate(db.urls.gateway, 100);
    await hears(gate);
    const { key, id } = await newKey();
    await gate.access.authenticate(key);
    await db.owner.query('alter table api_keys disable trigger announces');
    try {
      await revokeApiKey({ database: db.database, onRevoked: () => {} }, admin, id);
      expect(await timeToRefusal(gate, key)).toBeLessThan(2_000);
    } finally {
      await db.owner.query('alter table api_keys enable trigger announces');
    }
  });
});

describe('a token that was revoked before its tenant was erased', () => {
  test('is refused when the tenant was created anew, by a gateway that is started then, too', async () => {
    const operator = principalOf('operators', { scopes: ['operator'] });
    const leaver = parseTenantId('leaver');
    const admin = principalOf('leaver', { scopes: ['tenant:admin'] });
    await revokeToken({ database: db.database, onRevoked: () => {} }, admin, 'jti-leaver', inAnHour());
    await deleteTenant(db, operator, leaver);
    await eraseTenants(db.worker);
    await createTenant(db, operator, leaver, 'anew');
    const verifyToken = async (token: string): Promise<Principal> => ({ ...principalOf('leaver'), tokenId: token });
    const access = await openAccess({ database: db.database, verifyToken, log });
    try {
      expect(await codeOf(access.authenticate('jti-leaver'))).toBe('TOKEN_REVOKED');
      expect(await codeOf(access.authenticate('jti-another'))).toBe('accepted');
    } finally {
      await access.close();
      await db.owner.query(`delete from tenants where id = 'leaver'; delete from tenant_deletions`);
    }
  });
});

describeServer('a token that was revoked with too early an expiry, and again with its own', () => {
  test('has the later one told to gateways that ask, and keeps the time at which it was revoked first', async () => {
    const askedFor = async () => {
      const seconds = 60;
      const [rows] = await readInFlight(db.database, gateScope, [revocationsStatement(seconds)]);
      return rows.map(toRevocation).find((one) => 'tokenId' in one && one.tokenId === 'jti-corrected');
    };
    const deps = { database: db.database, onRevoked: () => {} };
    const revokedAt = (await revokeToken(deps, admin, 'jti-corrected', new Date(Date.now() + 60_000))).revokedAt;
    await db.owner.query(
      `update revoked_tokens set changed_at = now() - interval '5 minutes', revoked_at = now() - interval '5 minutes' where token_id = 'jti-corrected'`,
    );
    expect(await askedFor(), 'told long ago').toBeUndefined();
    expect((await revokeToken(deps, admin, 'jti-corrected', new Date(Date.now() + 30_000))).expiresAt).toBeInstanceOf(
      Date,
    );
    expect(await askedFor(), 'an earlier one corrects nothing').toBeUndefined();
    const expiresAt = inAnHour();
    const corrected = await revokeToken(deps, admin, 'jti-corrected', expiresAt);
    expect(corrected.revokedAt.getTime()).toBeLessThan(revokedAt.getTime());
    expect(await askedFor()).toMatchObject({ expiresAtMs: expiresAt.getTime() });
  });
});

describe('an API key of a tenant that was erased', () => {
  const operator = principalOf('operators', { scopes: ['operator'] });
  const leaver = parseTenantId('leaver');
  const ofLeaver = principalOf('leaver', { scopes: ['search', 'tenant:admin'] });

  /** The key is let in, so it is remembered; then the tenant is deleted and erased. @returns the key. */
  async function outlive(access: Access): Promise<string> {
    const { key } = await createApiKey(db, ofLeaver, { name: 'robot', scopes: ['search', 'tenant:admin'] });
    expect((await access.authenticate(key.reveal())).tenantId).toBe('leaver');
    await deleteTenant(db, operator, leaver);
    await eraseTenants(db.worker);
    return key.reveal();
  }

  test('is forgotten before the tenant can be created anew where no other process writes, as in embedded mode', async () => {
    const verifyToken = async (): Promise<Principal> => principalOf('alpha');
    const access = await openAccess({ database: db.database, verifyToken, log });
    try {
      const { key: other } = await newKey();
      await access.authenticate(other);
      const key = await outlive(access);
      await createTenant({ database: db.database, onRevoked: access.onRevoked }, operator, leaver, 'anew');
      expect(await codeOf(access.authenticate(key))).toBe('UNAUTHENTICATED');
      expect(await codeOf(access.authenticate(other)), 'another tenant’s').toBe('accepted');
    } finally {
      await access.close();
      await db.owner.query(`delete from tenants where id = 'leaver'; delete from tenant_deletions`);
    }
  });

  describeServer('on other gateways', () => {
    test.each([
      ['is heard of', 1_000_000, true],
      ['is asked for, as behind a pooler', 100, false],
    ])('is refused after the tenant was created anew, where that %s', async (_, beatMs, announced) => {
      await db.owner.query(`alter table api_keys ${announced ? 'enable' : 'disable'} trigger announces`);
      try {
        // However slow the machine is, it goes by what it remembers.
        const gate = await openGate(db.urls.gateway, beatMs, 1_000_000);
        await hears(gate);
        const { key: other } = await newKey();
        await gate.access.authenticate(other);
        const key = await outlive(gate.access);
        await createTenant(db, operator, leaver, 'anew');
        await vi.waitFor(async () => expect(await codeOf(gate.access.authenticate(key))).toBe('UNAUTHENTICATED'), {
          timeout: 3_000,
          interval: 5,
        });
        expect(await codeOf(gate.access.authenticate(other)), 'another tenant’s').toBe('accepted');
      } finally {
        await db.owner.query('alter table api_keys enable trigger announces');
        await db.owner.query(`delete from tenants where id = 'leaver'; delete from tenant_deletions`);
      }
    });
  });
});

describe('the worker', () => {
  test('clears away what expired an hour ago, of every tenant, and nothing that may still be shown', async () => {
    await db.owner.query(`insert into tenants (id) values ('alpha'), ('beta') on conflict do nothing`);
    const insert = `insert into revoked_tokens (tenant_id, token_id, expires_at, revoked_by)
      values ($1, $2, now() - $3::interval, 'somebody')`;
    for (const tenant of ['alpha', 'beta']) {
      await db.owner.query(insert, [tenant, 'purge-old', '61 minutes']);
      await db.owner.query(insert, [tenant, 'purge-recent', '59 minutes']);
      await db.owner.query(insert, [tenant, 'purge-later', '-1 day']);
    }
    await purgeRevokedTokens(db.worker);
    const { rows } = await db.owner.query(
      `select tenant_id || ' ' || token_id as token from revoked_tokens where token_id like 'purge%' order by 1`,
    );
    expect(rows.map(({ token }) => token)).toEqual([
      'alpha purge-later',
      'alpha purge-recent',
      'beta purge-later',
      'beta purge-recent',
    ]);
  });
});

describe('the gate’s role', () => {
  test.each(['api_keys', 'revoked_tokens', 'documents', 'tenants'])('reads no row of %s', async (table) => {
    expect(await tryInScope(db.database, gateScope, `select 1 from ${table}`)).toEqual({ code: '42501' });
  });

  test('finds a key by its prefix, whoever’s it is, and nothing by another', async () => {
    const { key, id } = await newKey();
    const find = (prefix: string) => tryInScope(db.database, gateScope, 'select id from find_api_keys($1)', [prefix]);
    expect(await find(key.slice(4, 16))).toEqual({ rows: [{ id }], count: 1 });
    expect(await find('%')).toEqual({ rows: [], count: 0 });
  });

  test.each(['tessera_reader', 'tessera_tenant', 'tessera_admin', 'tessera_operator'] as const)(
    'has functions that %s may not call',
    async (role) => {
      const scope = { role, tenantId: admin.tenantId };
      expect(await tryInScope(db.database, scope, `select * from find_api_keys('x')`)).toEqual({ code: '42501' });
      expect(await tryInScope(db.database, scope, `select * from revocations_since(now())`)).toEqual({ code: '42501' });
    },
  );

  test('is not asked for the hash of a key by an administrator', async () => {
    const scope = { role: 'tessera_admin', tenantId: admin.tenantId } as const;
    expect(await tryInScope(db.database, scope, 'select secret_hash from api_keys')).toEqual({ code: '42501' });
    expect(await tryInScope(db.database, scope, 'select prefix from api_keys')).toHaveProperty('rows');
    const [rows] = await readInFlight(db.database, gateScope, [statement('select current_user::text as role')]);
    expect(rows).toEqual([{ role: 'tessera_gate' }]);
  });
});
