import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { createDriftMetrics } from '../../../src/telemetry/drift-metrics.ts';
import { foldTenants } from '../../../src/telemetry/fold-tenants.ts';

const drift = (tenant: string, count: number) => ({ tenant, kind: 'missing', age: '1d', count });
const at = new Date('2026-03-01T12:00:00Z');

async function tell(mostTenants: number, drifts: ReturnType<typeof drift>[]) {
  const registry = new Registry();
  const report = createDriftMetrics(registry, { kinds: ['missing', 'stray'], ages: ['1h', '1d'], mostTenants });
  const before = await registry.metrics();
  report({ drifts, tookMs: 1_500, at });
  return { registry, report, before, after: await registry.metrics() };
}

const linesOf = (text: string, name: string) => text.split('\n').filter((line) => line.startsWith(name));

test('tells nothing before the first look, and every kind and age after it', async () => {
  const { before, after } = await tell(0, [drift('a', 3), drift('b', 4)]);
  expect(before.split('\n').filter((line) => line && !line.startsWith('#'))).toEqual([]);
  expect(linesOf(after, 'tessera_drift_rows')).toEqual([
    'tessera_drift_rows{kind="missing",age="1h"} 0',
    'tessera_drift_rows{kind="missing",age="1d"} 7',
    'tessera_drift_rows{kind="stray",age="1h"} 0',
    'tessera_drift_rows{kind="stray",age="1d"} 0',
  ]);
  expect(after).toContain(`\ntessera_drift_check_timestamp_seconds ${at.getTime() / 1_000}\n`);
  expect(after).toContain('\ntessera_drift_check_duration_seconds 1.5\n');
});

test('names no tenant unless told to', async () => {
  expect(linesOf((await tell(0, [drift('a', 3)])).after, 'tessera_drift_tenant_rows')).toEqual([]);
});

test('names as many tenants as it may, and forgets them when they are in step', async () => {
  const { registry, report, after } = await tell(1, [drift('a', 3), drift('b', 4), drift('c', 2)]);
  expect(linesOf(after, 'tessera_drift_tenant_rows').toSorted()).toEqual([
    'tessera_drift_tenant_rows{tenant="b",kind="missing",age="1d"} 4',
    'tessera_drift_tenant_rows{tenant="other",kind="missing",age="1d"} 5',
  ]);
  report({ drifts: [], tookMs: 1, at });
  const text = await registry.metrics();
  expect(linesOf(text, 'tessera_drift_tenant_rows')).toEqual([]);
  expect(text).toContain('tessera_drift_rows{kind="missing",age="1d"} 0');
});

test('tenants with the most are named, and of equals the first by id', () => {
  const totals = new Map([
    ['c', 1],
    ['b', 1],
    ['a', 9],
  ]);
  const labelOf = foldTenants(totals, 2);
  expect(['a', 'b', 'c', 'other'].map(labelOf)).toEqual(['a', 'b', 'other', 'other']);
});
