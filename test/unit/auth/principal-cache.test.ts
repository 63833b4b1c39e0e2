import { expect, test } from 'vitest';
import type { Principal } from '../../../src/auth/principal.ts';
import { createPrincipalCache } from '../../../src/auth/principal-cache.ts';
import { parseTenantId } from '../../../src/ids.ts';

function principal(subject: string): Principal {
  return { tenantId: parseTenantId('acme'), subject, groups: [], scopes: [] };
}

test('an entry is found under its token until its time is over', () => {
  const cache = createPrincipalCache(2);
  cache.set('a', { principal: principal('ada'), usableUntilMs: 100 });
  expect(cache.get('a', 99)?.subject).toBe('ada');
  expect(cache.get('b', 99)).toBeUndefined();
  expect(cache.get('a', 100)).toBeUndefined();
  expect(cache.get('a', 99)).toBeUndefined();
});

test('beyond the limit the entry used least recently goes', () => {
  const cache = createPrincipalCache(2);
  for (const token of ['a', 'b']) cache.set(token, { principal: principal(token), usableUntilMs: 100 });
  cache.get('a', 0);
  cache.set('c', { principal: principal('c'), usableUntilMs: 100 });
  expect(['a', 'b', 'c'].map((token) => cache.get(token, 0)?.subject)).toEqual(['a', undefined, 'c']);
});

test('setting an entry again replaces it and drops no other', () => {
  const cache = createPrincipalCache(2);
  for (const token of ['a', 'b', 'b']) cache.set(token, { principal: principal(token), usableUntilMs: 100 });
  expect(cache.get('a', 0)?.subject).toBe('a');
});
