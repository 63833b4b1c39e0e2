import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { TenantId } from '../../../src/ids.ts';
import { parseTenantId } from '../../../src/ids.ts';
import {
  buildMemoryMb,
  createGraphStatement,
  graphIndexName,
  graphIndexPattern,
} from '../../../src/tiers/graph-index.ts';

const tenantIds = fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/).map((text) => text as TenantId);

describe('the name of a graph', () => {
  test('is the same each time, for upgrades find their graphs by it', () => {
    expect(graphIndexName({ tenantId: parseTenantId('acme'), modelId: 1 })).toBe('embeddings_hnsw_34355ed33eff');
  });

  test('fits, whatever the tenant, and is another one for another tenant or model', () => {
    fc.assert(
      fc.property(tenantIds, tenantIds, fc.nat({ max: 32_767 }), fc.nat({ max: 32_767 }), (a, b, m, n) => {
        const [first, second] = [
          graphIndexName({ tenantId: a, modelId: m }),
          graphIndexName({ tenantId: b, modelId: n }),
        ];
        expect(first).toMatch(new RegExp(graphIndexPattern));
        expect(first === second).toBe(a === b && m === n);
      }),
    );
  });
});

describe('the statement that builds a graph', () => {
  test('names the tenant as a literal and has no parameters, which an index cannot', () => {
    fc.assert(
      fc.property(tenantIds, (tenantId) => {
        const { sql, parameters } = createGraphStatement({ tenantId, modelId: 7 }).compile();
        expect(parameters).toEqual([]);
        expect(sql).toContain(`where tenant_id = '${tenantId}' and model_id = 7::smallint`);
      }),
    );
  });

  test.each([`a'b`, '', 'a b', "x'; drop table tessera.tenants; --"])('refuses a tenant id that is none: %j', (id) => {
    expect(() => createGraphStatement({ tenantId: id as TenantId, modelId: 1 })).toThrow(TypeError);
  });
});

describe('the memory of a build', () => {
  test('holds the whole graph and no more than allowed', () => {
    expect(buildMemoryMb(500, 1_024)).toBe(32);
    expect(buildMemoryMb(20_000, 1_024)).toBe(41);
    expect(buildMemoryMb(200_000, 1_024)).toBe(264);
    expect(buildMemoryMb(5_000_000, 1_024)).toBe(1_024);
  });
});
