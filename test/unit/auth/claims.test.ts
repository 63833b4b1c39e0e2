import { describe, expect, test } from 'vitest';
import { readClaim } from '../../../src/auth/claims.ts';

const claims = {
  tenant: 'acme',
  'https://example.com/tenant': 'by-url',
  'org.id': 'literal',
  org: { id: 'nested', deep: { er: 'deepest' } },
  list: [{ id: 'in a list' }],
  text: 'text',
  nothing: null,
  'https://example': { 'com/other': 'split url' },
};

const found: [name: string, value: unknown][] = [
  ['tenant', 'acme'],
  ['https://example.com/tenant', 'by-url'],
  ['org.id', 'literal'],
  ['org.deep.er', 'deepest'],
  ['org.deep', { er: 'deepest' }],
  ['nothing', null],
];

const absent: [title: string, name: string][] = [
  ['a claim that is not there', 'other'],
  ['a path that ends early', 'org.none.er'],
  ['a path through a text', 'text.length'],
  ['a path through a list', 'list.0.id'],
  ['a path through null', 'nothing.id'],
  ['a URL, which is never a path', 'https://example.com/other'],
  ['an inherited property', 'constructor'],
  ['an inherited property on a path', 'org.constructor.name'],
  ['the prototype', '__proto__'],
  ['the prototype on a path', 'org.__proto__.toString'],
];

describe('a claim', () => {
  test.each(found)('named %s is found', (name, value) => {
    expect(readClaim(claims, name)).toEqual(value);
  });

  test.each(absent)('is absent: %s', (_title, name) => {
    expect(readClaim(claims, name)).toBeUndefined();
  });

  test('that is its own property "__proto__" is a claim like any other', () => {
    const parsed = JSON.parse('{"__proto__":{"tenant":"acme"}}');
    expect(readClaim(parsed, '__proto__.tenant')).toBe('acme');
    expect(readClaim(parsed, 'tenant')).toBeUndefined();
  });
});
