import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseKeywordQuery } from '../../../src/search/keyword-query.ts';

describe('a query', () => {
  test.each([
    ['plain words have no conditions', 'hot water', { words: 'hot water' }],
    ['a phrase is ranked by and must occur', '"hot water"', { words: 'hot water', conditions: '"hot water"' }],
    ['a required word is ranked by and must occur', 'hot +spa', { words: 'hot spa', conditions: '"spa"' }],
    ['an excluded word is not ranked by', 'hot -spa', { words: 'hot', conditions: '-"spa"' }],
    ['a required phrase is a phrase', '+"hot water"', { words: 'hot water', conditions: '"hot water"' }],
    ['an excluded phrase must not occur', 'tap -"hot water"', { words: 'tap', conditions: '-"hot water"' }],
    ['conditions come together', '"a b" +c -d e', { words: 'a b c e', conditions: '"a b" "c" -"d"' }],
    ['a sign inside a word is none', 'co-op c++ wi-fi', { words: 'co-op c++ wi-fi' }],
    ['a sign alone is nothing', '+ - + "" -', { words: '' }],
    ['marks alone are nothing', '+!? -* "..."', { words: '' }],
    ['a quotation that never ends is words', '"hot water', { words: 'hot water' }],
    ['a quotation that begins inside a word is words', '12" wheel 10" tyre', { words: '12 wheel 10 tyre' }],
    [
      'what touches a quotation is a word',
      '"hot water"bottle',
      { words: 'hot water bottle', conditions: '"hot water"' },
    ],
    ['an unfinished exclusion excludes nothing', 'tap -"hot water', { words: 'tap hot water' }],
    ['letters of any script are words', '+水 -ванна', { words: '水', conditions: '"水" -"ванна"' }],
    ['nothing is nothing', '', { words: '' }],
  ])('%s: %s', (_, text, expected) => {
    expect(parseKeywordQuery(text)).toEqual(expected);
  });

  test('never lets a text out of its quotation marks', () => {
    const text = fc
      .array(fc.constantFrom('"', '+', '-', ' ', 'a', 'b', '\\', "'", '|', '&', '(', ')'))
      .map((all) => all.join(''));
    fc.assert(
      fc.property(text, (query) => {
        expect(parseKeywordQuery(query).conditions ?? '""').toMatch(/^(?:-?"[^"]*"(?: |$))+$/);
      }),
    );
  });

  test('takes time that grows with its length, whatever it holds', () => {
    const started = performance.now();
    for (const part of ['"', '+', '-', ' ', '"a" ', '-"', '+a ', 'a'])
      parseKeywordQuery(part.repeat(8_000 / part.length));
    expect(performance.now() - started).toBeLessThan(1_000);
  });
});
