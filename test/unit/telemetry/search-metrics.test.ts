import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { createSearchMetrics } from '../../../src/telemetry/search-metrics.ts';

test('counts every search by how it went, and those that ended early by what ended them', async () => {
  const registry = new Registry();
  const count = createSearchMetrics(registry);
  const search = { tier: 'hnsw', strategy: 'iterative', profile: 'HIGH', durationMs: 20, underfilled: undefined };
  count(search);
  count({ ...search, underfilled: 'SCAN_BUDGET' });
  count({ ...search, underfilled: 'SCAN_BUDGET' });
  count({ ...search, underfilled: 'CANDIDATES' });
  const lines = (await registry.metrics()).split('\n');
  expect(lines.filter((line) => line.startsWith('tessera_searches_underfilled_total'))).toEqual([
    'tessera_searches_underfilled_total{reason="SCAN_BUDGET"} 2',
    'tessera_searches_underfilled_total{reason="CANDIDATES"} 1',
  ]);
  const labels = 'tier="hnsw",strategy="iterative",profile="HIGH"';
  expect(lines).toContain(`tessera_search_duration_seconds_sum{${labels}} 0.08`);
  expect(lines).toContain(`tessera_search_duration_seconds_count{${labels}} 4`);
});
