import { describe, expect, test } from 'vitest';
import { checkJson } from '../../../src/http/check-json.ts';

const padding = ' '.repeat(70_000);
const nested = (levels: number) => `${'[{"a":'.repeat(levels / 2)}1${'}]'.repeat(levels / 2)}`;

describe('a long JSON text', () => {
  test.each([
    ['of 500 levels', nested(500)],
    [
      'of a vector and long texts',
      JSON.stringify({ vector: Array(16_000).fill(0.5), body: 'A text: with, all "marks". '.repeat(50_000) }),
    ],
    [
      'of brackets in a string',
      JSON.stringify({ code: '[{'.repeat(10_000), escaped: '\\'.repeat(999), quoted: '"[{'.repeat(9_999) }),
    ],
    ['of brackets behind a string that ends with backslashes', `{"a":"\\\\\\\\","b":[1]}`],
    ['of a string that never ends', `{"a":"${'['.repeat(10_000)}`],
  ])('%s is read', (_, text) => {
    expect(() => checkJson(padding + text)).not.toThrow();
  });

  test.each([
    ['of 502 levels', nested(502), 'nested too deeply'],
    ['of brackets behind a string that holds a quote', `{"a":"\\"",${'"b":['.repeat(501)}`, 'nested too deeply'],
    [
      'of brackets behind a string that ends with backslashes',
      `{"a":"\\\\\\\\",${'"b":['.repeat(501)}`,
      'nested too deeply',
    ],
    ['of too many values', `[${'1,'.repeat(200_001)}1]`, 'more than 200000 values'],
    ['of too many fields', `[${'{"a":1}'.repeat(50_001)}]`, 'more than 50000 fields'],
  ])('%s is refused', (_, text, says) => {
    expect(() => checkJson(padding + text)).toThrow(says);
  });

  test('that is short is left to those who read it', () => {
    expect(() => checkJson(nested(502))).not.toThrow();
  });
});
