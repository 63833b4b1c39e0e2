import { CompiledQuery } from 'kysely';
import { describe, expect, it } from 'vitest';
import type { Query } from '../../../src/db/query.ts';
import { explainStatement, readExplanation } from '../../../src/search/explain-search.ts';

const node = (type: string, ms: number, rest: object = {}) => ({
  'Node Type': type,
  'Actual Rows': 1,
  'Actual Loops': 1,
  'Actual Total Time': ms,
  ...rest,
});

/** As PostgreSQL reports it: what a stage takes is also in the time of the stage that reads it first. */
const plan = node('Sort', 10, {
  Plans: [
    node('Limit', 4, { 'Subplan Name': 'CTE candidates', Plans: [node('Index Scan', 3.5)] }),
    node('WindowAgg', 7, {
      'Subplan Name': 'CTE semantic',
      Plans: [
        node('Nested Loop', 6.5, {
          Plans: [
            node('CTE Scan', 4.5, { 'CTE Name': 'candidates' }),
            node('Index Scan', 0.01, { 'Actual Loops': 100 }),
          ],
        }),
      ],
    }),
    node('Limit', 8, { 'Subplan Name': 'CTE page', Plans: [node('CTE Scan', 7.25, { 'CTE Name': 'semantic' })] }),
    node('Result', 0, { 'Subplan Name': 'CTE untouched', 'Actual Loops': 0 }),
    node('CTE Scan', 8.5, { 'CTE Name': 'page' }),
  ],
});

describe('an explanation of a search', () => {
  const { stages, executionMs } = readExplanation({
    'QUERY PLAN': [{ Plan: plan, 'Planning Time': 1, 'Execution Time': 10.5 }],
  });

  it('gives each stage its own time, without that of the stages it reads', () => {
    expect(stages.map(({ name, ms }) => [name, ms])).toEqual([
      ['candidates', 4],
      ['semantic', 2.5],
      ['page', 0.75],
      ['untouched', 0],
    ]);
  });

  it('has stages that take no longer than the whole', () => {
    expect(stages.reduce((sum, { ms }) => sum + ms, 0)).toBeLessThanOrEqual(executionMs);
  });
});

describe('a search is explained as it is sent', () => {
  const sent: Query = { ...CompiledQuery.raw('select $1', ['hot']), name: 'search_1' };
  const explainedOf = (query: Query): Query => explainStatement({ compile: () => query }).compile();

  it('under the settings of a plan for any tenant, by a name of its own, where it has one', () => {
    expect(explainedOf({ ...sent, isPlannedOnce: true })).toMatchObject({
      sql: 'explain (analyze, buffers, format json) select $1',
      parameters: ['hot'],
      name: 'explain_search_1',
      isPlannedOnce: true,
    });
  });

  it('for its tenant otherwise', () => {
    const explained = explainedOf(sent);
    expect([explained.name, explained.isPlannedOnce]).toEqual([undefined, undefined]);
  });
});
