import fc from 'fast-check';
import { expect, test } from 'vitest';
import { defaultChunking } from '../../../src/chunking.ts';
import { estimateTokens } from '../../../src/embed/estimate-tokens.ts';
import { loadStaticEmbedder } from '../../../src/embed/static-embedder.ts';
import { chunkDocument } from '../../../src/ingest/chunk-document.ts';

const countWords = (text: string) => text.match(/\S+/g)?.length ?? 0;
/** As a tokeniser with marks at the beginning and the end of every text. */
const countMarked = (text: string) => estimateTokens(text) + 2;
const counters = {
  table: loadStaticEmbedder().countTokens,
  estimate: estimateTokens,
  words: countWords,
  marked: countMarked,
};

const word = fc.constantFrom(
  'boiler',
  'valve',
  'pressure',
  '漢字',
  '👩‍👩‍👧',
  'x'.repeat(40),
  'e.g.',
  'Überdruckventil',
);
const line = (maxLength: number) => fc.array(word, { minLength: 1, maxLength }).map((words) => words.join(' '));
const section = fc.record({
  level: fc.integer({ min: 1, max: 6 }),
  heading: line(30),
  body: fc.array(line(60), { maxLength: 4 }),
});
const body = fc
  .array(section, { maxLength: 8 })
  .map((sections) => sections.flatMap((one) => [`${'#'.repeat(one.level)} ${one.heading}`, ...one.body]).join('\n\n'));
const given = fc.record({
  title: line(80),
  body,
  counter: fc.constantFrom(...(Object.keys(counters) as (keyof typeof counters)[])),
  modelTokens: fc.integer({ min: 32, max: 256 }),
  size: fc.double({ min: 0.5, max: 1, noNaN: true }),
  context: fc.constantFrom('title_and_headings' as const, 'title' as const, 'none' as const),
});

test('title, headings and text together are never more than the model reads, and nothing of the text is lost', () => {
  fc.assert(
    fc.property(given, ({ title, body, counter, modelTokens, size, context }) => {
      const countTokens = counters[counter];
      const maxTokens = Math.floor(size * modelTokens);
      const server = { countTokens, modelTokens, maxTokens, overlapTokens: Math.floor(maxTokens / 5) };
      const document = { title, body, url: null, externalId: null };
      const chunks = chunkDocument(document, { ...defaultChunking, context }, server);
      let end = 0;
      for (const chunk of chunks) {
        expect(countTokens(`${chunk.context}\n${chunk.text}`)).toBeLessThanOrEqual(modelTokens);
        expect(countTokens(chunk.text)).toBeLessThanOrEqual(maxTokens);
        expect(body.slice(chunk.start, chunk.end)).toBe(chunk.text);
        expect(body.slice(end, Math.max(end, chunk.start)).trim()).toBe('');
        end = chunk.end;
      }
      expect(body.slice(end).trim()).toBe('');
      // What fits is divided as without a limit.
      const unlimited = chunkDocument(document, { ...defaultChunking, context }, { ...server, modelTokens: undefined });
      if (unlimited.every((chunk) => countTokens(chunk.context) + maxTokens < modelTokens / 2))
        expect(chunks).toEqual(unlimited);
    }),
    { numRuns: 300 },
  );
});

test('the outermost headings go before the title, and of the title its end', () => {
  const server = { countTokens: countWords, maxTokens: 16, overlapTokens: 0, modelTokens: 20 };
  const contexts = (title: string) =>
    chunkDocument(
      {
        title,
        body: `# One far away\n\n## Two nearer\n\n### Three\n\n${'The text. '.repeat(30)}`,
        url: null,
        externalId: null,
      },
      defaultChunking,
      server,
    ).map(({ context }) => context);
  expect(contexts('A manual').at(-1)).toBe('A manual > Two nearer > Three');
  const long = Array.from({ length: 30 }, (_, i) => `w${i}`).join(' ');
  expect(contexts(long).at(-1)).toBe(long.split(' ').slice(0, 10).join(' '));
});
