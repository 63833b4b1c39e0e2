import { expect, test } from 'vitest';
import { formatJob } from '../../../src/cli/ingest/job-progress.ts';

const job = { status: 'RUNNING', total: 5_000, done: 0, failed: 0, ratePerSecond: 0, secondsLeft: null } as const;

test.each([
  [{}, '  0 % [                    ] 0 of 5,000 chunks embedded'],
  [
    { done: 2_200, ratePerSecond: 412.4, secondsLeft: 6.8 },
    ' 44 % [=======>            ] 2,200 of 5,000 chunks embedded, 412 a second, 7 s left',
  ],
  [
    { done: 4_990, failed: 10, ratePerSecond: 5, secondsLeft: 130 },
    '100 % [====================] 4,990 of 5,000 chunks embedded, 10 refused, 5 a second, 3 min left',
  ],
  [{ total: 0 }, '100 % [====================] 0 of 0 chunks embedded'],
])('a job is shown with a bar of fixed length: %j', (change, shown) => {
  expect(formatJob({ ...job, ...change })).toBe(shown);
});
