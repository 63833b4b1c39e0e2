import { expect, test } from 'vitest';
import { estimateTokens } from '../../../src/embed/estimate-tokens.ts';
import { openTokenCounter } from '../../../src/embed/token-counter.ts';

// As OpenAI's cookbook, "How to count tokens with tiktoken", has them for cl100k_base.
const published: readonly (readonly [text: string, tokens: number])[] = [
  ['tiktoken is great!', 6],
  ['antidisestablishmentarianism', 6],
  ['2 + 2 = 4', 7],
  ['お誕生日おめでとう', 9],
];

test.each([
  'text-embedding-3-small',
  'text-embedding-3-large',
  'text-embedding-ada-002',
  'openai/Text-Embedding-3-Small',
])('the tokens of %s are counted as they are published', async (model) => {
  const countTokens = await openTokenCounter(model);
  expect(published.map(([text]) => [text, countTokens(text)])).toEqual(published);
  expect(countTokens('')).toBe(0);
});

test('the tokens of a model whose vocabulary is not at hand are estimated', async () => {
  for (const model of ['voyage-3.5', 'embed-v4.0', 'nomic-embed-text', 'a-model-of-ones-own'])
    expect(await openTokenCounter(model)).toBe(estimateTokens);
});

test('what means something to a tokeniser is a text like any other', async () => {
  const countTokens = await openTokenCounter('text-embedding-3-small');
  expect(countTokens('<|endoftext|>')).toBeGreaterThan(1);
  expect(countTokens('\ud800 half a pair')).toBeGreaterThan(1);
});

test.each([
  ['letters', 'qx'.repeat(500_000)],
  ['signs', '§#'.repeat(500_000)],
  ['white space', ' \t'.repeat(500_000)],
  ['letters of another script', '漢字'.repeat(500_000)],
])('a million %s in one piece are counted in the time of a few', async (_, text) => {
  const countTokens = await openTokenCounter('text-embedding-3-small');
  const startedMs = process.cpuUsage().user;
  expect(countTokens(text)).toBeGreaterThan(1_000);
  // Whole they would take minutes.
  expect((process.cpuUsage().user - startedMs) / 1_000).toBeLessThan(10_000);
});

test('a piece that is cut to be counted comes to about as many tokens as it has', async () => {
  const countTokens = await openTokenCounter('text-embedding-3-small');
  const word = 'antidisestablishmentarianism'.repeat(18);
  const [whole, cut] = [countTokens(word), countTokens(word.repeat(20))];
  expect(word.length).toBeLessThan(513);
  expect(Math.abs(cut / (whole * 20) - 1)).toBeLessThan(0.03);
});
