import { describe, expect, it } from 'vitest';
import { estimateTokens } from '../../../src/embed/estimate-tokens.ts';

describe('estimateTokens', () => {
  it.each([
    ['', 0],
    ['a', 1],
    ['four', 1],
    ['fours', 2],
    ['дом.', 2],
    ['日本語', 3],
    ['🙂', 2],
  ])('counts %o as %i', (text, tokens) => {
    expect(estimateTokens(text)).toBe(tokens);
  });
});
