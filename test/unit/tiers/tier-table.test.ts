import { describe, expect, test } from 'vitest';
import { formatTierStatus } from '../../../src/cli/tier-table.ts';
import { parseTenantId } from '../../../src/ids.ts';
import type { TenantTier } from '../../../src/tiers/read-tier-status.ts';

const small: TenantTier = {
  tenantId: parseTenantId('small'),
  modelId: 1,
  model: 'static-en-512',
  role: 'active',
  tier: 'exact',
  tierChangedAt: new Date(0),
  chunks: 500,
};
const graph = { name: 'embeddings_hnsw_0123456789ab', valid: true, sizeBytes: 16_640_000 };
const large: TenantTier = { ...small, tenantId: parseTenantId('l'.repeat(64)), chunks: 20_000, tier: 'hnsw', graph };

describe('the table of tiers', () => {
  const status = { crossover: { chunks: 12_000 }, tenants: [large, small], orphans: [] };

  test('fits 80 columns, whatever a tenant is called', () => {
    const huge = { ...large, chunks: 123_456_789, graph: { ...graph, sizeBytes: 123_456_789_000 } };
    for (const line of formatTierStatus({ ...status, tenants: [huge, small] }))
      expect(line.length).toBeLessThanOrEqual(80);
  });

  test('says how each is indexed and what its graph takes', () => {
    const lines = formatTierStatus(status);
    expect(lines[0]).toBe('A graph is worth it from 12,000 chunks on (the default; see "tessera tune").');
    expect(lines[3]).toMatch(/^l+… +20,000 {2}hnsw {3}valid +16\.6 +832$/);
    expect(lines[4]).toMatch(/^small +500 {2}exact {2}-$/);
  });

  test('tells an unfinished graph, a model that is not in use, and what is left over', () => {
    const lines = formatTierStatus({
      crossover: { chunks: 7_300, measuredAt: new Date('2026-01-02T03:04:05Z') },
      tenants: [
        { ...small, tier: 'exact', graph: { ...graph, valid: false } },
        { ...small, role: 'retired' },
      ],
      orphans: [graph],
    });
    expect(lines[0]).toContain('from 7,300 chunks on (measured 2026-01-02)');
    expect(lines[3]).toMatch(/exact {2}unfinished$/);
    expect(lines[4]).toMatch(/^small \(retired: static-en-…/);
    expect(lines[5]).toBe('embeddings_hnsw_0123456789ab: its tenant or model is gone; --apply drops it.');
  });
});
