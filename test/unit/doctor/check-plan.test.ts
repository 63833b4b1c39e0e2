import { describe, expect, test } from 'vitest';
import { checkFunctions, checkPlan } from '../../../src/doctor/check-plan.ts';
import type { ExpectedScan, PlanExpectation } from '../../../src/doctor/plan-expectation.ts';
import type { PlanNode } from '../../../src/doctor/plan-node.ts';

const scan: ExpectedScan = {
  stage: 'candidates',
  table: 'embeddings',
  index: /^embeddings_exact$/,
  indexOnly: true,
  estimate: 'read',
};
const expectation: PlanExpectation = { scans: [scan] };
const circumstances = { pages: new Map([['embeddings', 5_000]]), heapFetchShare: 0.1 };
const covering: PlanNode = {
  'Node Type': 'Index Only Scan',
  'Relation Name': 'embeddings',
  'Index Name': 'embeddings_exact',
  'Heap Fetches': 0,
  'Plan Rows': 4_800,
  'Actual Rows': 5_000,
  'Actual Loops': 1,
};
const whole: PlanNode = { 'Node Type': 'Seq Scan', 'Relation Name': 'embeddings', 'Plan Rows': 5_000 };
const byKey: PlanNode = { ...covering, 'Index Name': 'embeddings_pkey' };
const stage = (name: string, ...Plans: PlanNode[]): PlanNode => ({
  'Node Type': 'Limit',
  'Subplan Name': `CTE ${name}`,
  'Plan Rows': 1,
  Plans,
});
const under = (...Plans: PlanNode[]): PlanNode => ({ 'Node Type': 'Limit', 'Plan Rows': 1, Plans });
const tell = (deviations: ReturnType<typeof checkPlan>) => deviations.map(({ kind, found }) => `${kind}: ${found}`);
const check = (node: PlanNode, change = {}, expected = expectation) =>
  tell(checkPlan(under(stage('candidates', node)), expected, { ...circumstances, ...change }));

describe('a plan', () => {
  test('that reads the covering index alone is as expected', () => {
    expect(check(covering)).toEqual([]);
  });

  test('that reads the table from end to end is not, unless the table is a few pages', () => {
    expect(check(whole)).toEqual([
      'seq-scan: embeddings is read from end to end in candidates',
      'index: embeddings is not read by embeddings_exact but by Seq Scan in candidates',
    ]);
    expect(check(whole, { pages: new Map([['embeddings', 63]]) })).toEqual([]);
    expect(check(whole, { pages: new Map() })).toHaveLength(2);
  });

  test('may read most of the tenant from end to end where the tenant is more than half of the table, and not where it is less', () => {
    const most = { scans: [{ ...scan, mayReadWhole: true as const }] };
    const rows = new Map([['embeddings', 10_000]]);
    expect(check(whole, { rows, tenantRows: 5_001 }, most)).toEqual([]);
    expect(check(whole, { rows, tenantRows: 5_001 })).toHaveLength(2);
    expect(check(whole, { rows, tenantRows: 5_000 }, most)).toHaveLength(2);
    expect(check(whole, { tenantRows: 5_001 }, most)).toHaveLength(2);
  });

  test('that uses another index, or looks every row up in the table, is not', () => {
    expect(check(byKey)).toEqual([
      'index: embeddings is not read by embeddings_exact but by Index Only Scan of embeddings_pkey in candidates',
    ]);
    expect(check({ ...covering, 'Node Type': 'Index Scan' })).toEqual([
      'index: Index Scan of embeddings_exact where the index alone would do',
    ]);
  });

  test('is not saved by the right index in another part of the statement', () => {
    const elsewhere = under(stage('candidates', byKey), stage('semantic', covering), covering);
    expect(tell(checkPlan(elsewhere, expectation, circumstances))).toEqual([
      'index: embeddings is not read by embeddings_exact but by Index Only Scan of embeddings_pkey in candidates',
      'index: embeddings is also read by Index Only Scan of embeddings_exact in semantic',
      'index: embeddings is also read by Index Only Scan of embeddings_exact',
    ]);
  });

  test('may use an index of few rows where the tenant has few', () => {
    const lookUp = {
      scans: [{ stage: 'candidates', table: 'embeddings', index: /^embeddings_exact$/, ofFew: /_pkey$/ }],
    };
    expect(check(byKey, { tenantRows: 999 }, lookUp)).toEqual([]);
    expect(check(byKey, { tenantRows: 1_000 }, lookUp)).toHaveLength(1);
    expect(check(byKey, {}, lookUp)).toHaveLength(1);
  });

  test('names the index below a bitmap', () => {
    const bitmap = (name: string): PlanNode => ({
      ...{ 'Node Type': 'Bitmap Heap Scan', 'Relation Name': 'embeddings', 'Plan Rows': 9 },
      Plans: [{ 'Node Type': 'Bitmap Index Scan', 'Index Name': name, 'Plan Rows': 9 }],
    });
    const some = { scans: [{ stage: 'candidates', table: 'embeddings', index: /^embeddings_pkey$/ }] };
    expect(check(bitmap('embeddings_pkey'), {}, some)).toEqual([]);
    expect(check(bitmap('embeddings_by_document'), {}, some)).toHaveLength(1);
  });

  test('may look up as many rows in the table as is tolerated, and no more', () => {
    expect(check({ ...covering, 'Heap Fetches': 500 })).toEqual([]);
    expect(check({ ...covering, 'Heap Fetches': 501 })).toEqual([
      'heap-fetches: embeddings_exact looked up 501 of 5000 rows in the table',
    ]);
    expect(check({ ...covering, 'Heap Fetches': 1 }, { heapFetchShare: 0 })).toHaveLength(1);
  });

  test('shows that the tenant is visible by an estimate within a factor of three, or within a thousand rows', () => {
    expect(check({ ...covering, 'Plan Rows': 1_700 })).toEqual([]);
    expect(check({ ...covering, 'Plan Rows': 18_000 })).toEqual([
      'estimate: the planner expects 18000 rows of embeddings where there are 5000',
    ]);
    expect(check({ ...covering, 'Plan Rows': 900, 'Actual Rows': 100 })).toEqual([]);
  });

  test('may expect as many rows as access lists hide, and not more', () => {
    const hidden = { ...covering, 'Actual Rows': 100, 'Rows Removed by Filter': 4_900 };
    expect(check(hidden)).toEqual([]);
    expect(check({ ...hidden, 'Plan Rows': 50_000 })).toEqual([
      expect.stringContaining('the planner expects 50000 rows'),
    ]);
    expect(check({ ...hidden, 'Rows Removed by Filter': 0 })).toEqual([expect.stringContaining('the planner expects')]);
  });

  test('is held to the rows of the tenant where it was not run, or ends as soon as there are enough', () => {
    const { 'Actual Rows': _rows, 'Actual Loops': _loops, 'Heap Fetches': _fetches, ...planned } = covering;
    const tooFew = ['estimate: the planner expects 4800 rows of embeddings where there are 50000'];
    expect(check(planned)).toEqual([]);
    expect(check(planned, { tenantRows: 50_000 })).toEqual(tooFew);
    const graph = { scans: [{ ...scan, estimate: 'tenant' as const }] };
    const enough = { ...covering, 'Actual Rows': 100 };
    expect(check(enough, { tenantRows: 5_000 }, graph)).toEqual([]);
    expect(check(enough, { tenantRows: 50_000 }, graph)).toEqual(tooFew);
  });

  test('that is for every tenant is not held to its estimates, but to what it throws away', () => {
    const once = { scans: [scan], isPlannedOnce: true };
    expect(check({ ...covering, 'Plan Rows': 25 }, {}, once)).toEqual([]);
    expect(check({ ...covering, 'Rows Removed by Filter': 201 }, {}, once)).toEqual([
      'waste: 201 rows are read in vain',
    ]);
  });

  test('runs what should be run, and nothing that should not', () => {
    const never = { ...covering, 'Actual Rows': 0, 'Actual Loops': 0 };
    expect(check(never, {}, { scans: [{ ...scan, runs: false }] })).toEqual([]);
    expect(check(covering, {}, { scans: [{ ...scan, runs: false }] })).toEqual([expect.stringMatching(/^run: /)]);
    expect(check(never, {}, { scans: [{ ...scan, runs: true }] })).toEqual([expect.stringMatching(/^run: /)]);
  });

  test('searches the graph where more is permitted than the budget, and there only', () => {
    const counted = { scans: [], permittedBudget: 100 };
    const found = (permitted: number, loops: number) => {
      const searched = stage('candidates', { ...covering, 'Actual Loops': loops });
      const count = { ...stage('permitted'), 'Actual Rows': permitted };
      const expected = {
        ...counted,
        scans: [{ stage: 'candidates', table: 'embeddings', index: /^embeddings_exact$/ }],
      };
      return tell(checkPlan(under(count, searched), expected, circumstances));
    };
    expect([found(100, 0), found(101, 1)]).toEqual([[], []]);
    expect(found(100, 1)).toEqual([expect.stringContaining('though 100 chunks')]);
    expect(found(101, 0)).toEqual([expect.stringContaining('though more than 100 chunks')]);
  });
});

describe('what functions read', () => {
  const expected = { scans: [], inFunctions: { table: 'embeddings', index: /^words_/ } };
  const read = (counts: Record<string, number>, change = {}) =>
    tell(checkFunctions(new Map(Object.entries(counts)), expected, { ...circumstances, ...change }));

  test('is the index, at least once, and not the table from end to end', () => {
    expect(read({ words_a: 1, embeddings: 0 })).toEqual([]);
    expect(read({ words_a: 0, embeddings: 0 })).toEqual(['index: embeddings is not read by words_ in any function']);
    expect(read({ words_a: 1, embeddings: 1 })).toEqual(['seq-scan: embeddings is read from end to end by a function']);
    expect(read({ embeddings: 1 }, { pages: new Map([['embeddings', 9]]) })).toEqual([]);
  });
});
