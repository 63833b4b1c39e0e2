import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { refusalStatus } from '../../../src/errors.ts';

const explained = await readFile(new URL('../../../docs/errors.md', import.meta.url), 'utf8');

test.each(Object.entries(refusalStatus))('docs/errors.md explains %s with status %i', (code, status) => {
  const row = explained.split('\n').find((line) => line.startsWith('|') && line.includes(`\`${code}\``));
  expect(row).toMatch(RegExp(`\\| (?:\\d{3}, )*${status}\\b`));
});

test.each([
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'OPERATION_RESOLUTION_FAILURE',
  'NOT_ACCEPTABLE',
  'UNSUPPORTED_MEDIA_TYPE',
  'EMBEDDER_TIMEOUT',
  'EMBEDDER_UNAVAILABLE',
  'EMBEDDER_REJECTED',
  'NOT_EMBEDDABLE',
  'INVALID_DOCUMENT',
  'VERSION_CONFLICT',
  'IDEMPOTENCY_CONFLICT',
  'NOT_FOUND',
])('docs/errors.md explains %s', (code) => {
  expect(explained).toContain(`| \`${code}\``.slice(2));
});
