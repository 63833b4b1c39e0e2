import { describe, expect, test } from 'vitest';
import { expectedSearch, type SearchShape } from '../../../src/doctor/expected-search.ts';

const plain: SearchShape = {
  ...{ hasConditions: false, isLike: false, hasAccessLists: false, fades: false, isPlannedOnce: false },
};
const everyChunk = (words: SearchShape['words']) =>
  expectedSearch({ ...plain, ...(words && { words }) }).scans.find(({ index }) => index.test('chunks_terms'));

describe('what a search is held to', () => {
  test('is that every chunk is scored, or none, or those of the languages without a word index', () => {
    expect((['every', 'common', 'index', 'partly'] as const).map((words) => everyChunk(words)?.runs)).toEqual([
      ...[true, true, false, undefined],
    ]);
    const usesIndex = (words: SearchShape['words']) =>
      expectedSearch({ ...plain, ...(words && { words }) }).inFunctions?.index !== undefined;
    expect((['every', 'common', 'index', 'partly'] as const).map(usesIndex)).toEqual([false, false, true, true]);
  });

  test('is the tenant’s own rows by estimate where access lists hide some, and all that was read where none do', () => {
    const scans = (hasAccessLists: boolean) =>
      expectedSearch({ ...plain, candidates: { by: 'covering' }, hasAccessLists }).scans;
    expect(scans(false)[0]).toMatchObject({ stage: 'candidates', estimate: 'read' });
    expect(scans(true)[0]).toMatchObject({ stage: 'candidates', estimate: 'tenant' });
  });

  test('never takes the key of a vector, by which stage two looks, for an index of stage one', () => {
    const ways: SearchShape['candidates'][] = [
      { by: 'graph' },
      { by: 'covering' },
      { by: 'counted', permittedBudget: 10 },
    ];
    for (const candidates of ways) {
      for (const selects of [undefined, 'collection', 'column', 'attribute'] as const) {
        const { scans } = expectedSearch({ ...plain, ...(candidates && { candidates }), ...(selects && { selects }) });
        const found = scans.filter(
          ({ stage, table }) => table === 'embeddings' && /candidates|permitted/.test(stage ?? ''),
        );
        expect(found.length).toBeGreaterThan(0);
        for (const { index } of found) expect(index.test('embeddings_pkey')).toBe(false);
      }
    }
  });
});
