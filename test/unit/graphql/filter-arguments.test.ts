import { describe, expect, test } from 'vitest';
import { readFilter } from '../../../src/graphql/filter-arguments.ts';

type Filter = Parameters<typeof readFilter>[0];

function nested(levels: number): Filter {
  return levels === 0 ? { title: { eq: 'x' } } : { not: nested(levels - 1) };
}

describe('a filter as GraphQL gives it', () => {
  test('loses its nulls: they mean the same as leaving the field out', () => {
    const filter: Filter = {
      and: null,
      title: { eq: null, startsWith: 'a' },
      metadata: [{ key: 'year', number: { gte: 1, lt: null }, text: null }],
    };
    expect(readFilter(filter)).toEqual({ title: { startsWith: 'a' }, metadata: [{ key: 'year', number: { gte: 1 } }] });
  });

  test('keeps moments as they are', () => {
    const moment = new Date(0);
    expect(readFilter({ createdAt: { gt: moment } })).toEqual({ createdAt: { gt: moment } });
  });

  test.each<[string, Filter, RegExp]>([
    ['too deep', nested(20), /more than 8 levels/],
    ['too many conditions', { or: Array(70).fill({ title: { eq: 'x' } }) }, /more than 64 conditions/],
    ['too long a list', { title: { in: Array(101).fill('x') } }, /a list of 101; at most 100/],
    ['NUL in a value', { title: { eq: 'a\0b' } }, /NUL/],
    ['NUL in a list', { title: { in: ['a', '\0'] } }, /NUL/],
    ['NUL in a key', { metadata: [{ key: '\0', text: { eq: 'x' } }] }, /NUL/],
  ])('is refused outside its limits: %s', (_, filter, says) => {
    expect(() => readFilter(filter)).toThrow(says);
  });

  test('may be nested as deeply as it says', () => {
    expect(() => readFilter(nested(7))).not.toThrow();
  });
});
