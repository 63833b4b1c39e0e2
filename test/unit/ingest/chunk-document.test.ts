import { describe, expect, test } from 'vitest';
import { type Chunking, defaultChunking } from '../../../src/chunking.ts';
import { chunkDocument, chunkingMark } from '../../../src/ingest/chunk-document.ts';

const server = { countTokens: (text: string) => text.match(/\S+/g)?.length ?? 0, maxTokens: 40, overlapTokens: 8 };
const words = (count: number) => Array.from({ length: count }, (_, i) => `Sentence number ${i} ends.`).join(' ');
const body = `# Rooms\n\n${words(3)}\n\n## Bath\n\n${words(20)}`;
const document = { title: 'The hotel', body, url: null, externalId: null };
const chunks = (change: Partial<Chunking> = {}, other: Partial<typeof document> = {}) =>
  chunkDocument({ ...document, ...other }, { ...defaultChunking, ...change }, server);

describe('the context of a chunk', () => {
  test.each([
    ['title_and_headings', 'The hotel > Rooms > Bath'],
    ['title', 'The hotel'],
    ['none', ''],
  ] as const)('with %s is %j', (context, expected) => {
    expect(chunks({ context }).at(-1)?.context).toBe(expected);
  });
});

describe('the size of a chunk', () => {
  const sizes = (change: Partial<Chunking>) => chunks(change).map(({ text }) => server.countTokens(text));
  const repeated = (change: Partial<Chunking>) => {
    const [before, last] = chunks(change).slice(-2);
    return server.countTokens(body.slice(last!.start, Math.max(last!.start, before!.end)));
  };

  test('is the server’s, or the collection’s own', () => {
    expect(Math.max(...sizes({}))).toBeGreaterThan(32);
    expect(Math.max(...sizes({}))).toBeLessThanOrEqual(40);
    expect(Math.max(...sizes({ maxTokens: 80 }))).toBeGreaterThan(60);
    expect(Math.max(...sizes({ maxTokens: 32 }))).toBeLessThanOrEqual(32);
  });

  test('leaves an overlap that fits it', () => {
    expect(repeated({})).toBe(8);
    expect(repeated({ maxTokens: 32 })).toBe(4);
    expect(repeated({ maxTokens: 40, overlapTokens: 0 })).toBe(0);
    expect(repeated({ maxTokens: 40, overlapTokens: 16 })).toBe(16);
  });
});

describe('the kind auto', () => {
  const isCode = (other: Partial<Record<'url' | 'externalId', string>>) =>
    chunkDocument({ ...document, ...other }, defaultChunking, server).every(({ headings }) => headings.length === 0);

  test.each([
    { url: 'https://host/src/main.py' },
    { url: 'https://host/src/main.RS?plain=1#L3' },
    { externalId: 'src/app.tsx' },
  ])('takes %o for source code', (other) => {
    expect(isCode(other)).toBe(true);
  });

  test.each([{}, { url: 'https://host/readme.md' }, { url: 'https://host/?file=a.py' }, { externalId: 'py' }])(
    'takes %o for Markdown',
    (other) => {
      expect(isCode(other)).toBe(false);
    },
  );

  test('is not asked where the collection says a kind', () => {
    expect(chunks({ kind: 'markdown' }, { externalId: 'a.py' } as never).at(-1)?.headings).toEqual(['Rooms', 'Bath']);
  });
});

describe('the mark of a document’s chunking', () => {
  const plain = { url: null, externalId: null };

  test('is nothing for the usual way, so that stored documents stay what they are', () => {
    expect(chunkingMark(plain, defaultChunking)).toEqual([]);
    expect(chunkingMark(plain, { ...defaultChunking, kind: 'markdown' })).toEqual([]);
  });

  test('differs with everything that makes other chunks', () => {
    const marks = [
      chunkingMark({ ...plain, externalId: 'a.py' }, defaultChunking),
      ...[{ kind: 'recursive' }, { maxTokens: 64 }, { maxTokens: 64, overlapTokens: 0 }, { context: 'none' }].map(
        (change) => chunkingMark(plain, { ...defaultChunking, ...(change as Partial<Chunking>) }),
      ),
    ].map((mark) => JSON.stringify(mark));
    expect(new Set([...marks, '[]']).size).toBe(6);
  });
});
