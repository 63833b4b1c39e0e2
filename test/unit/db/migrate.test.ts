import { expect, test } from 'vitest';
import { isAtLeast } from '../../../src/db/migrate.ts';

test.each([
  ['0.8.0', true],
  ['0.8.4', true],
  ['0.9', true],
  ['0.10.0', true],
  ['0.10', true],
  ['1.0.0', true],
  ['1', true],
  ['0.8', true],
  ['0.8.0.1', true],
  ['0.7.4', false],
  ['0.7.99', false],
  ['0.5', false],
  ['0', false],
])('pgvector %s counts as at least 0.8.0: %s', (version, expected) => {
  expect(isAtLeast(version, [0, 8, 0])).toBe(expected);
});
