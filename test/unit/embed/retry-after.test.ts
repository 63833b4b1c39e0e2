import { expect, test } from 'vitest';
import { readRetryAfterMs } from '../../../src/embed/retry-after.ts';

const now = Date.parse('2026-03-01T12:00:00Z');

test.each([
  ['seconds', { 'retry-after': '3' }, 3_000],
  ['parts of a second', { 'retry-after': '0.25' }, 250],
  ['nothing to wait', { 'retry-after': '0' }, 0],
  ['a date', { 'retry-after': 'Sun, 01 Mar 2026 12:00:05 GMT' }, 5_000],
  ['a date of RFC 850', { 'retry-after': 'Sunday, 01-Mar-26 12:00:05 GMT' }, 5_000],
  ['a date that has passed', { 'retry-after': 'Sun, 01 Mar 2026 11:00:00 GMT' }, 0],
  ['milliseconds, which are more exact', { 'retry-after-ms': '120', 'retry-after': '1' }, 120],
  ['more than an hour', { 'retry-after': '86400' }, 3_600_000],
])('%s are understood', (_, headers, expected) => {
  expect(readRetryAfterMs(new Headers(headers as Record<string, string>), now)).toBe(expected);
});

test.each([
  {},
  { 'retry-after': 'soon' },
  { 'retry-after': '-3' },
  { 'retry-after': '12 Monkeys' },
  { 'retry-after': '' },
])('%o says nothing', (headers) => {
  expect(readRetryAfterMs(new Headers(headers as Record<string, string>), now)).toBeUndefined();
});
