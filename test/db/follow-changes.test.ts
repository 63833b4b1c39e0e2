import { afterAll, beforeAll, expect, test } from 'vitest';
import { openPool } from '../../src/db/open-pool.ts';
import { parseTenantId } from '../../src/ids.ts';
import { createLogger } from '../../src/log.ts';
import { followChanges } from '../../src/updates/follow-changes.ts';
import { describeServer, openTestDatabase, type TestDatabase } from '../support/database.ts';
import { describePooled, openPooler, type Pooler } from '../support/pgbouncer.ts';

const log = createLogger({ level: 'silent' });
const patience = { timeout: 10_000 };

describeServer('changes of tenants', () => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await openTestDatabase();
  });
  afterAll(() => db.close());

  test('are heard from the gateway’s login and from the worker’s, each tenant once for all that is announced together', async () => {
    const heard: (string | undefined)[] = [];
    const listener = followChanges(db.database, (tenantId) => heard.push(tenantId), log, { url: db.urls.gateway });
    // At first anything may have changed.
    await expect.poll(() => heard, patience).toEqual([undefined]);
    for (let change = 0; change < 100; change++) db.database.announceChange?.(parseTenantId('alpha'));
    await expect.poll(() => heard.slice(1), patience).toContain('alpha');
    db.worker.announceChange?.(parseTenantId('beta'));
    await expect.poll(() => heard.at(-1), patience).toBe('beta');
    expect(heard.filter((tenantId) => tenantId === 'alpha').length).toBeLessThanOrEqual(2);
    await listener.close();
  });

  test('are announced before a process closes its connections', async () => {
    const heard: (string | undefined)[] = [];
    const listener = followChanges(db.database, (tenantId) => heard.push(tenantId), log, { url: db.urls.gateway });
    await expect.poll(() => heard, patience).toEqual([undefined]);
    const brief = await openPool({ url: db.urls.worker, size: 1, statementTimeoutMs: 1_000, onIdleError: () => {} });
    brief.announceChange?.(parseTenantId('last'));
    await brief.close();
    await expect.poll(() => heard.at(-1), patience).toBe('last');
    await listener.close();
  });
});

describePooled('changes behind PgBouncer, which passes no announcements on', () => {
  let db: TestDatabase;
  let pooler: Pooler;
  beforeAll(async () => {
    db = await openTestDatabase();
    pooler = await openPooler({ connections: 2 });
  });
  afterAll(async () => {
    await pooler.close();
    await db.close();
  });

  test('are looked for at every beat', async () => {
    const heard: (string | undefined)[] = [];
    const url = pooler.through(db.urls.gateway);
    const listener = followChanges(db.database, (tenantId) => heard.push(tenantId), log, { url, beatMs: 50 });
    await expect.poll(() => heard.length, patience).toBeGreaterThan(5);
    expect(new Set(heard)).toEqual(new Set([undefined]));
    await listener.close();
  });
});
