import { describe, expect, test } from 'vitest';
import { checkPlan, type PlanExpectation, type PlanNode } from '../../../src/doctor/plan-expectation.ts';

const expectation: PlanExpectation = {
  scans: [{ table: 'embeddings', index: /^embeddings_exact$/, indexOnly: true, everyRow: true }],
};
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
const under = (...Plans: PlanNode[]): PlanNode => ({ 'Node Type': 'Limit', 'Plan Rows': 1, Plans });
const check = (node: PlanNode, change = {}) =>
  checkPlan(under(node), expectation, { ...circumstances, ...change }).map(({ kind, found }) => `${kind}: ${found}`);

describe('a plan', () => {
  test('that reads the covering index alone is as expected', () => {
    expect(check(covering)).toEqual([]);
  });

  test('that reads the table from end to end is not, unless the table is a few pages', () => {
    const whole: PlanNode = { 'Node Type': 'Seq Scan', 'Relation Name': 'embeddings', 'Plan Rows': 5_000 };
    expect(check(whole)).toEqual([
      'seq-scan: embeddings is read from end to end',
      'index: embeddings is not read by embeddings_exact but by Seq Scan',
    ]);
    expect(check(whole, { pages: new Map([['embeddings', 63]]) })).toEqual([]);
    expect(checkPlan(whole, { ...expectation, mayReadWhole: true }, circumstances)).toEqual([]);
  });

  test('that uses another index, or looks every row up in the table, is not', () => {
    expect(check({ ...covering, 'Index Name': 'embeddings_pkey' })).toEqual([
      'index: embeddings is not read by embeddings_exact but by Index Only Scan of embeddings_pkey',
    ]);
    expect(check({ ...covering, 'Node Type': 'Index Scan' })).toEqual([
      'index: Index Scan of embeddings_exact where the index alone would do',
    ]);
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

  test('that was not run is held to the rows that are known', () => {
    const { 'Actual Rows': _rows, 'Actual Loops': _loops, 'Heap Fetches': _fetches, ...planned } = covering;
    expect(check(planned)).toEqual([]);
    expect(check(planned, { tenantRows: 50_000 })).toEqual([
      'estimate: the planner expects 4800 rows of embeddings where there are 50000',
    ]);
  });
});
