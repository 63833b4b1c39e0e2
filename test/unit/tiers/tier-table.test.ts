import { describe, expect, test } from 'vitest';
import { formatTierStatus } from '../../../src/cli/tier-table.ts';
import { parseTenantId } from '../../../src/ids.ts';
import type { TenantTier } from '../../../src/tiers/read-tier-status.ts';

const small: TenantTier = {
  tenantId: parseTenantId('small'),
  modelId: 1,
  model: 'static-en-512',
  role: 'active',
  isFilled: true,
  tier: 'exact',
  tierChangedAt: new Date(0),
  chunks: 500,
};
const graph = { name: 'embeddings_hnsw_0123456789ab', valid: true, sizeBytes: 16_640_000 };
const large: TenantTier = { ...small, tenantId: parseTenantId('l'.repeat(64)), chunks: 20_000, tier: 'hnsw', graph };

describe('the table of tiers', () => {
  const words = { wordCrossover: 12_000, words: [] };
  const status = { crossover: { chunks: 12_000 }, tenants: [large, small], ...words, orphans: [] };

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
      ...words,
      orphans: [graph],
    });
    expect(lines[0]).toContain('from 7,300 chunks on (measured 2026-01-02)');
    expect(lines[3]).toMatch(/exact {2}unfinished$/);
    expect(lines[4]).toMatch(/^small \(retired: static-en-…/);
    expect(lines.at(-1)).toBe('embeddings_hnsw_0123456789ab: what it was built for is gone; --apply drops it.');
  });

  test('lists the languages that have a word index, or are told to, and no others', () => {
    const index = { name: 'chunks_words_0123456789ab', valid: true, sizeBytes: 6_000_000 };
    const base = { tenantId: large.tenantId, isRecorded: true };
    const lines = formatTierStatus({
      ...status,
      words: [
        { ...base, language: 'indonesian', chunks: 20_000, index },
        { ...base, language: 'german', chunks: 123_456_789, index: { ...index, valid: false }, isRecorded: false },
        { ...base, language: 'french', chunks: 15_000 },
        { ...base, language: 'english', chunks: 500, isRecorded: false },
      ],
    });
    expect(lines[6]).toBe('A word index is worth it from 12,000 chunks of a language on.');
    expect(lines[9]).toMatch(/^l+… +20,000 {2}indonesian valid +6\.0 +300$/);
    expect(lines[10]).toMatch(/123,456,789 {2}german +unfinished$/);
    expect(lines[11]).toMatch(/15,000 {2}french +gone$/);
    expect(lines).toHaveLength(12);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
  });
});
