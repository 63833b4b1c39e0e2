import { expect, test } from 'vitest';
import { parseTenantId } from '../../../src/ids.ts';
import { markProgress } from '../../../src/tiers/progress-marks.ts';

test('of all that a build reports, the first of each phase and each tenth of the way is worth a line', () => {
  const marks: string[] = [];
  const report = markProgress(({ index, phase, percent }) => marks.push(`${index} ${phase} ${percent}`));
  const of = (index: string, phase: string, chunksDone: number, chunks = 1_000) =>
    report({
      kind: 'graph',
      target: { tenantId: parseTenantId('acme'), modelId: 1 },
      index,
      phase,
      chunksDone,
      chunks,
    });
  of('a', 'initializing', 0);
  for (let done = 0; done <= 1_000; done += 33) of('a', 'loading', done);
  of('a', 'waiting', 1_001);
  of('a', 'waiting', 1_001);
  of('b', 'waiting', 0, 0);
  expect(marks).toEqual([
    'a initializing 0',
    ...[0, 13, 26, 40, 53, 66, 79, 92].map((percent) => `a loading ${percent}`),
    'a waiting 100',
    'b waiting 0',
  ]);
});
