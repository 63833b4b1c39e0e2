import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { countDrift } from '../../src/drift/count-drift.ts';
import { driftKinds } from '../../src/drift/drift.ts';
import { driftAges } from '../../src/drift/drift-age.ts';
import { type DriftReport, startDriftMonitor } from '../../src/drift/drift-monitor.ts';
import { noteLook, readDriftTenants, readLooks } from '../../src/drift/look-notes.ts';
import { reconcile } from '../../src/drift/reconcile.ts';
import { parseTenantId, type TenantId } from '../../src/ids.ts';
import { createLogger } from '../../src/log.ts';
import { createDriftMetrics } from '../../src/telemetry/drift-metrics.ts';
import { driftDeps } from '../support/drift-deps.ts';
import { driftFaults, harmPastPolicies } from '../support/drift-faults.ts';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';

const tenant = parseTenantId('alpha');
const registry = new Registry();
const tell = createDriftMetrics(registry, { kinds: driftKinds, ages: driftAges, mostTenants: 5 });

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await openTestGateway();
  for (const one of [tenant, parseTenantId('beta')]) {
    await gateway.upsert(
      one,
      Array.from({ length: 12 }, (_, i) => ({
        externalId: `d${i}`,
        collection: 'c',
        title: `Lamp ${i}`,
        body: `The lamp number ${i} stands in the window and is lit at ${i} in the evening.`,
      })),
    );
  }
  await gateway.embedAll();
});
afterAll(() => gateway.close());

/** What a monitor finds at its first look, and says to the log. */
async function look(): Promise<{ found: Record<string, number>; logged: string[] }> {
  const report = Promise.withResolvers<DriftReport>();
  const logged: string[] = [];
  const monitor = startDriftMonitor(
    {
      ...driftDeps(gateway),
      readTenants: () => readDriftTenants(gateway.db.database),
      everyMs: 3_600_000,
      onReport: report.resolve,
    },
    createLogger({ level: 'warn', destination: { write: (line) => logged.push(line) } }),
  );
  tell(await report.promise);
  await monitor.stop();
  const text = await registry.metrics();
  const lines = text.matchAll(
    /^tessera_drift(_tenant)?_rows\{(?:tenant="(\w+)",)?kind="(\w+)",age="(\w+)"\} ([1-9]\d*)$/gm,
  );
  const found = [...lines].map(([, , who = 'all', kind, age, count]) => [`${who} ${kind} ${age}`, Number(count)]);
  return { found: Object.fromEntries(found), logged };
}

describe('the gauges of drift', () => {
  test('are 0 where writes and worker did it all, and nothing is logged', async () => {
    expect(await look()).toEqual({ found: {}, logged: [] });
    expect(await registry.metrics()).toContain('\ntessera_drift_rows{kind="stray",age="older"} 0\n');
  });

  test.each(driftFaults(tenant))(
    'show what is %s, by tenant, and 0 when it is mended',
    async (kind, count, statement) => {
      await harmPastPolicies(gateway.db.owner, statement);
      const { found, logged } = await look();
      expect(found).toEqual({ [`all ${kind} 1h`]: count, [`alpha ${kind} 1h`]: count });
      expect(logged).toHaveLength(1);
      expect(JSON.parse(logged[0] ?? '')).toMatchObject({ level: 'warn', rows: count, tenants: 1 });
      await reconcile(driftDeps(gateway), tenant, { mend: true });
      await gateway.embedAll();
      expect((await look()).found).toEqual({});
    },
  );

  test('tell how old a row is', async () => {
    await harmPastPolicies(
      gateway.db.owner,
      `update tessera.embeddings set document_id = gen_random_uuid(), created_at = now() - interval '3 days'
       where tenant_id = '${tenant}' and chunk_id = (select id from tessera.chunks where tenant_id = '${tenant}' limit 1)`,
    );
    expect((await look()).found).toEqual({ 'all misplaced 7d': 1, 'alpha misplaced 7d': 1 });
  });

  test('are not all that is left of a look: it is noted of each tenant, and read of those that are not suspended', async () => {
    const known = () => readLooks(gateway.db.database, []);
    await look();
    const oldestSeconds = expect.any(Number);
    const misplaced = { tenantId: tenant, found: { misplaced: 1 }, agoSeconds: expect.any(Number) };
    expect(await known()).toEqual({ looked: 2, unknown: 0, oldestSeconds, drifted: 1, worst: [misplaced] });
    expect((await readLooks(gateway.db.database, [tenant])).drifted).toBe(0);
    await gateway.db.owner.query(`update tessera.tenants set status = 'suspended' where id = '${tenant}'`);
    expect(await known()).toMatchObject({ looked: 1, drifted: 0, worst: [] });
    await gateway.db.owner.query(`update tessera.tenants set status = 'active' where id = '${tenant}'`);
    await gateway.db.owner.query(`delete from tessera.drift_looks where tenant_id = 'beta'`);
    expect(await known()).toMatchObject({ looked: 1, unknown: 1 });
    // What a reconcile leaves is noted, too.
    await reconcile(driftDeps(gateway), tenant, { mend: false });
    expect(await known()).toMatchObject({ drifted: 1 });
  });

  test('name some of the tenants with the most, and count all of them', async () => {
    await gateway.db.owner.query(`insert into tessera.tenants (id) select 'many' || i from generate_series(1, 8) i;
      insert into tessera.tenant_models (tenant_id, model_id) select 'many' || i, ${gateway.deps.modelId} from generate_series(1, 8) i;
      insert into tessera.drift_looks (tenant_id, found, looked_at)
      select 'many' || i, jsonb_build_object('missing', i, 'stray', 10), now() - make_interval(hours => i) from generate_series(1, 8) i`);
    const known = await readLooks(gateway.db.database, []);
    expect(known).toMatchObject({ drifted: 9, looked: 9, unknown: 1 });
    expect(known.worst.map(({ tenantId }) => tenantId)).toEqual(['many8', 'many7', 'many6', 'many5', 'many4']);
    expect(Math.round((known.oldestSeconds ?? 0) / 3_600)).toBe(8);
    // Whom nobody has looked at comes first, and then whoever was looked at longest ago.
    const order = await readDriftTenants(gateway.db.database);
    expect(order).toEqual(['beta', ...[8, 7, 6, 5, 4, 3, 2, 1].map((i) => `many${i}`), 'alpha']);
    await gateway.db.owner.query(`delete from tessera.tenants where id like 'many%'`);
  });

  test('come of every tenant in the end, where each look is stopped after one', async () => {
    await gateway.db.owner.query('delete from tessera.drift_looks');
    const looked: string[] = [];
    for (let turn = 0; turn < 2; turn++) {
      const onTenant = async (one: TenantId) => {
        looked.push(one);
        await noteLook(gateway.db.worker, one, []);
        throw new Error('stopped');
      };
      const tenants = await readDriftTenants(gateway.db.database);
      await expect(countDrift({ ...driftDeps(gateway), onTenant }, tenants)).rejects.toThrow('stopped');
    }
    expect(looked).toEqual(['alpha', 'beta']);
  });

  test('pass a suspended tenant by', async () => {
    await gateway.db.owner.query(`update tessera.tenants set status = 'suspended' where id = '${tenant}'`);
    expect((await look()).found).toEqual({});
    await gateway.db.owner.query(`update tessera.tenants set status = 'active' where id = '${tenant}'`);
    expect((await look()).found).toMatchObject({ 'alpha misplaced 7d': 1 });
  });
});
