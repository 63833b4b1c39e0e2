import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { formatHits, type HitPage } from '../../src/cli/search-hits.ts';

const stream = Object.assign(new PassThrough(), { columns: 40, isTTY: false }) as unknown as NodeJS.WriteStream;

function page(text: string, change: Partial<HitPage['edges'][number]['node']> = {}): HitPage {
  const node = { title: 'Hot water', collection: 'handbook', url: null, ...change };
  return { mode: 'HYBRID', edges: [{ score: 0.98765, scores: { vector: 0.5, keyword: 2 }, chunk: { text }, node }] };
}

test('a hit has its rank, title, score, collection, what found it, address and a passage that fits the terminal', () => {
  const text = formatHits(
    page('Call the plumber when the hot water fails, at any hour.', { url: 'https://example.org/a' }),
    {
      asked: 'HYBRID',
      stream,
    },
  );
  expect(text.split('\n')).toEqual([
    '1.  Hot water',
    '    0.988  handbook  by meaning and words',
    '    https://example.org/a',
    '    Call the plumber when the hot water',
    '    fails, at any hour.',
  ]);
});

test('a long passage is cut after four lines, within the width', () => {
  const text = formatHits(page('lorem ipsum dolor sit amet '.repeat(20)), { asked: 'HYBRID', stream });
  const lines = text.split('\n').slice(2);
  expect(lines).toHaveLength(4);
  expect(lines.at(-1)).toMatch(/\.\.\.$/);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(40);
});

test('nothing in a document reaches the terminal as a command', () => {
  const evil = 'a\u001b[2Jb\u0007c\u009b31md\u202ee\r\nf';
  const text = formatHits(page(evil, { title: evil, collection: evil, url: evil }), { asked: 'HYBRID', stream });
  expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  expect(text).toContain('a [2Jb c 31md e f');
});

test('a hybrid search that had to do without the model says so', () => {
  const keyword = { ...page('text'), mode: 'KEYWORD' as const };
  expect(formatHits(keyword, { asked: 'HYBRID', stream })).toMatch(/^Searched by words only \(KEYWORD\): .*\n\n1\. /);
  expect(formatHits(keyword, { asked: 'KEYWORD', stream })).toMatch(/^1\. /);
  expect(formatHits({ mode: 'KEYWORD', edges: [] }, { asked: 'KEYWORD', stream })).toBe('no hits');
});
