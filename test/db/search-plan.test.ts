import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readAsTenant } from '../../src/db/tenant.ts';
import { parseTenantId } from '../../src/ids.ts';
import { type SearchPlan, vectorOperands } from '../../src/search/search-plan.ts';
import { searchStatement } from '../../src/search/search-statement.ts';
import { normaliseVector } from '../../src/vector.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { principalOf } from '../support/principal.ts';
import { seedTenant } from '../support/seed.ts';
import { statement } from '../support/statement.ts';

/** A node of `explain (format json)`, as far as it is read here. */
interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'Heap Fetches'?: number;
  readonly 'Plan Rows': number;
  readonly 'Actual Rows': number;
  readonly Plans?: readonly PlanNode[];
}

const query = normaliseVector(Float32Array.from({ length: 512 }, (_, index) => Math.sin(index)));
const plan: SearchPlan = {
  modelId: 1,
  semantic: { modelId: 1, ...vectorOperands(query), depth: { kind: 'two-stage', candidates: 100 } },
  keyword: { words: 'word10 word20', language: 'english', candidates: 100, scan: { kind: 'exact' } },
  fusion: { method: 'RECIPROCAL_RANK', keywordWeight: 2, semanticWeight: 1, rankConstant: 60 },
  selection: { filter: {}, exceptChunks: [] },
  groupBy: 'DOCUMENT',
  withVectors: false,
  seen: [],
  limit: 11,
};

describe('the plan of a search, as the gateway under row-level security', () => {
  let db: TestDatabase;
  const sizes = { small: 100, middle: 5_000, bystander: 3_000 };

  beforeAll(async () => {
    db = await openTestDatabase({ statementTimeoutMs: 60_000 });
    for (const [tenant, chunks] of Object.entries(sizes)) await seedTenant(db.owner, tenant, chunks);
  });
  afterAll(() => db.close());

  async function explain(tenant: string, change: Partial<SearchPlan> = {}): Promise<PlanNode[]> {
    const { sql, parameters } = searchStatement(parseTenantId(tenant), { ...plan, ...change }).compile();
    const explained = statement<{ 'QUERY PLAN': [{ Plan: PlanNode }] }>(
      `explain (analyze, buffers, format json) ${sql}`,
      parameters,
    );
    const [row] = await readAsTenant(db.database, principalOf(tenant), explained);
    return flatten(row!['QUERY PLAN'][0].Plan);
  }

  it.each(['small', 'middle'])('reads stage one of a %s tenant from the covering indexes alone', async (tenant) => {
    const nodes = await explain(tenant);
    for (const index of ['embeddings_exact', 'chunks_terms']) {
      const scan = nodes.find((node) => node['Index Name'] === index);
      expect(scan, index).toMatchObject({ 'Node Type': 'Index Only Scan', 'Heap Fetches': 0 });
      expect(scan!['Actual Rows']).toBe(sizes[tenant as keyof typeof sizes]);
    }
  });

  it.each(['small', 'middle'])('scans no table of a %s tenant from end to end', async (tenant) => {
    const nodes = await explain(tenant);
    const scanned = nodes.filter((node) => node['Node Type'] === 'Seq Scan').map((node) => node['Relation Name']);
    expect(scanned).toEqual([]);
  });

  it('lets the planner see how many rows the tenant has', async () => {
    for (const [tenant, chunks] of Object.entries(sizes)) {
      const scan = (await explain(tenant)).find((node) => node['Index Name'] === 'embeddings_exact')!;
      expect(scan['Plan Rows']).toBeGreaterThan(chunks / 2);
      expect(scan['Plan Rows']).toBeLessThan(chunks * 2);
    }
  });

  it('reranks by primary key, the candidates and no more', async () => {
    const nodes = await explain('middle');
    const rerank = nodes.find((node) => node['Index Name'] === 'embeddings_pkey')!;
    expect(rerank['Node Type']).toBe('Index Scan');
  });

  it('returns as many hits as the data allow under a filter that one document in ten passes', async () => {
    const filtered = { ...plan, selection: { collections: ['c3'], filter: {}, exceptChunks: [] } };
    const rows = await readAsTenant(
      db.database,
      principalOf('small'),
      searchStatement(parseTenantId('small'), filtered),
    );
    expect(rows).toHaveLength(10);
    expect(rows.every((row) => row.collection === 'c3')).toBe(true);
  });
});

function flatten(node: PlanNode): PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(flatten)];
}
