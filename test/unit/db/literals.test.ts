import { describe, expect, test } from 'vitest';
import { literalOf } from '../../../src/db/literals.ts';
import { halfvecParameter, vectorParameter } from '../../../src/db/vector-parameter.ts';

describe('a parameter as a literal', () => {
  test('keeps its value, and cannot end the text that it is written into', () => {
    expect([7, 0.5, true, null, undefined].map(literalOf)).toEqual(['7', '0.5', 'true', 'null', 'null']);
    expect(literalOf(`it's; select 1 --`)).toBe(`'it''s; select 1 --'`);
    expect(literalOf('a\\')).toBe(` E'a\\\\'`);
    expect(literalOf(['english', `d'e`])).toBe(`array['english', 'd''e']::text[]`);
    expect(literalOf([])).toBe('array[]::text[]');
  });

  test('is the text of a vector, of either width', () => {
    const vector = Float32Array.of(0.5, -0.25, 0, 1);
    expect(literalOf(vectorParameter(vector))).toBe(`'[0.5,-0.25,0,1]'`);
    expect(literalOf(halfvecParameter(vector))).toBe(`'[0.5,-0.25,0,1]'`);
  });

  test('is refused where it is of a kind that searches do not have', () => {
    expect(() => literalOf({})).toThrow('A parameter is a object');
  });
});
