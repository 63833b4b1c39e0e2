import { describe, expect, it } from 'vitest';
import { chunkText } from '../../../src/ingest/chunk.ts';

const countTokens = (text: string) => text.match(/\S+/g)?.length ?? 0;

function chunk(text: string, maxTokens = 12, overlapTokens = 0) {
  return chunkText(text, { countTokens, maxTokens, overlapTokens });
}
const textsOf = (text: string, maxTokens?: number, overlapTokens?: number) =>
  chunk(text, maxTokens, overlapTokens).map((part) => part.text);

/** `count` words, the first one capitalised, with a full stop. */
const sentence = (name: string, count: number) => `${name}${' word'.repeat(count - 2)} end.`;

describe('chunkText', () => {
  it.each(['', ' ', '\n\n\t\r\n', '\ufeff'])('makes no chunk of %j', (text) => {
    expect(chunk(text)).toEqual([]);
  });

  it('keeps a small document whole', () => {
    const text = '  # Rooms\n\nTowels are changed daily.\n';
    expect(chunk(text)).toEqual([{ ordinal: 0, text: text.trim(), start: 2, end: 36, headings: [] }]);
  });

  it('uses the defaults of 200 tokens with an overlap of 40', () => {
    const sentences = Array.from({ length: 30 }, (_, i) => sentence(`Sentence${i}`, 10));
    const [first, second] = chunkText(sentences.join(' '), { countTokens });
    expect(first?.text).toBe(sentences.slice(0, 20).join(' '));
    expect(second?.text).toBe(sentences.slice(16).join(' '));
  });

  it.each([
    [{ maxTokens: 0 }, /maxTokens is 0/],
    [{ maxTokens: 1.5 }, /maxTokens is 1.5/],
    [{ maxTokens: 10, overlapTokens: 10 }, /overlapTokens is 10: it must be a whole number from 0 to below maxTokens/],
    [{ overlapTokens: -1 }, /overlapTokens is -1/],
  ])('refuses %o', (limits, message) => {
    expect(() => chunkText('text', { countTokens, ...limits })).toThrow(RangeError);
    expect(() => chunkText('text', { countTokens, ...limits })).toThrow(message);
  });
});

describe('sections', () => {
  it('do not share a chunk, and each names the headings above it', () => {
    const text = [
      '# Hotel',
      sentence('Welcome', 10),
      '## Rooms',
      sentence('Towels', 10),
      sentence('Sheets', 10),
      'Bath\n----',
      sentence('Shower', 10),
      '# Bar #',
      sentence('Drinks', 10),
    ].join('\n\n');
    expect(
      chunk(text, 13).map(({ text: part, headings }) => [part.split(' ')[0], part.split('\n').length, headings]),
    ).toEqual([
      ['#', 3, []],
      ['##', 3, ['Hotel']],
      ['Sheets', 1, ['Hotel', 'Rooms']],
      ['Bath\n----\n\nShower', 4, ['Hotel']],
      ['#', 3, []],
    ]);
  });

  it('that are small are joined with their next sibling or first subsection', () => {
    const small = '## Pool\n\nOpen.';
    const big = `## Sauna\n\n${sentence('Hot', 10)}`;
    expect(textsOf(`${small}\n\n${big}`, 16)).toEqual([`${small}\n\n${big}`]);
    expect(textsOf(`# Spa\n\n${big}`, 16)).toEqual([`# Spa\n\n${big}`]);
    const after = `# Bar\n\n${sentence('Drinks', 8)}`;
    expect(textsOf(`${big}\n\n${small}\n\n${after}`, 16)).toEqual([big, small, after]);
  });

  it('begin at a heading and not at what only looks like one', () => {
    const text = `#hashtag first\n\n${'#'.repeat(7)} seven\n\n    # indented\n\n# ${'long '.repeat(50)}`;
    expect(chunk(text, 100).map(({ headings }) => headings)).toEqual([[]]);
    expect(chunk(`${text}\n\nafter`, 100).at(-1)?.headings).toEqual([]);
  });

  it('are not found in fenced code or in front matter', () => {
    const fenced = `\`\`\`sh\n# comment one\n${'run it\n'.repeat(8)}\`\`\``;
    expect(chunk(`${fenced}\n\n${sentence('After', 10)}`, 30).every(({ headings }) => headings.length === 0)).toBe(
      true,
    );
    const front = '---\ntitle: Rooms\n# a comment\n---';
    const [first, second] = chunk(`${front}\n\n# Rooms\n\n${sentence('Towels', 11)}`);
    expect(first?.text).toBe(front);
    expect(second).toMatchObject({ text: expect.stringMatching(/^# Rooms/), headings: [] });
  });
});

describe('cuts', () => {
  it('fall between paragraphs rather than inside one', () => {
    const paragraphs = [sentence('One', 7), `${sentence('Two', 4)} ${sentence('Three', 4)}`, sentence('Four', 5)];
    expect(textsOf(paragraphs.join('\n\n'))).toEqual([paragraphs[0], `${paragraphs[1]}`, paragraphs[2]]);
  });

  it('fall between sentences where a paragraph is too long, also in wrapped lines', () => {
    const wrapped = 'The first one is\nwrapped here. The second one is longer\nand wrapped too. The third is short.';
    expect(textsOf(wrapped, 14)).toEqual([
      'The first one is\nwrapped here. The second one is longer\nand wrapped too.',
      'The third is short.',
    ]);
  });

  it('do not split the number of an item, or a title, from what follows', () => {
    const text = `1. ${sentence('Alpha', 9)}\n2. ${sentence('Beta', 9)}\n3. Ask Dr. Smith about it.`;
    expect(textsOf(text).map((part) => part.slice(0, 5))).toEqual(['1. Al', '2. Be', '3. As']);
  });

  it('never leave a heading without what it is the heading of', () => {
    const paragraph = `${sentence('One', 9)} ${sentence('Two', 9)}`;
    expect(textsOf(`# Title of it\n\n${paragraph}`, 12)[0]).toMatch(/^# Title of it\n\nOne word word/);
    const small = '## A\n\nOpen daily.';
    const large = `## B${' long'.repeat(12)}\n\n${sentence('Bbb', 20)}`;
    expect(textsOf(`${small}\n\n${large}`, 24)[0]).toBe(small);
  });

  it('fall at line ends, then between words, where there are no sentences', () => {
    const lines = Array.from({ length: 4 }, (_, i) => `line${i} without an end`);
    expect(textsOf(lines.join('\n'), 11)).toEqual([lines.slice(0, 2).join('\n'), lines.slice(2).join('\n')]);
    const words = Array.from({ length: 30 }, (_, i) => `w${i}`);
    expect(textsOf(words.join(' ')).every((part) => /^(w\d+ )*w\d+$/.test(part))).toBe(true);
  });

  it('fall between graphemes where there is no white space', () => {
    const firefighter = '👩‍🚒';
    const chunks = textsOf(firefighter.repeat(50), 7);
    expect(chunks.length).toBeGreaterThan(1);
    for (const part of chunks) expect(part).toBe(firefighter.repeat(part.length / firefighter.length));
  });

  it('leave the first grapheme whole where it fills the chunk, and a heading alone where it would be cut for it', () => {
    const family = '👩‍👩‍👧';
    const countUnits = (text: string) => Math.ceil(text.length / 8);
    const limits = { countTokens: countUnits, maxTokens: 1, overlapTokens: 0 };
    expect(chunkText(`${family}xxxx`, limits).map(({ text }) => text)).toEqual([family, 'xxxx']);
    const byLetter = { countTokens: (text: string) => text.length, maxTokens: 4, overlapTokens: 0 };
    expect(chunkText('# R\n🇩🇪', byLetter).map(({ text }) => text)).toEqual(['# R', '🇩🇪']);
  });

  it('fall between code points where a grapheme is larger than a chunk', () => {
    const text = `e${'\u0301'.repeat(100)}`;
    expect(textsOf(text, 2).join('')).toBe(text);
  });

  it('go on where one code point counts for more than a chunk', () => {
    const chunks = chunkText('🙂🙂', { countTokens: (text) => text.length, maxTokens: 1, overlapTokens: 0 });
    expect(chunks.map(({ text }) => text)).toEqual(['🙂', '🙂']);
  });
});

describe('fenced code', () => {
  const code = `\`\`\`ts\n${'const a = 1;\n'.repeat(3)}\n\`\`\``;

  it('stays together, fences and all', () => {
    const before = sentence('Before', 6);
    expect(textsOf(`${before}\n\n${code}\n\nAfter it all.`, 16)).toEqual([before, code, 'After it all.']);
  });

  it('falls between lines where it is larger than a chunk', () => {
    const chunks = textsOf(code, 8);
    expect(chunks).toEqual(['```ts\nconst a = 1;', 'const a = 1;\nconst a = 1;', '```']);
  });

  it('ends at a fence of the same mark and at least the same length', () => {
    const nested = `~~~~\n\`\`\`\n# not a heading\n~~~\n~~~~\n\n# Heading\n\n${sentence('Body', 12)}`;
    expect(chunk(nested, 14).at(-1)?.headings).toEqual([]);
    expect(chunk(nested, 14).at(-1)?.text).toMatch(/^# Heading/);
  });
});

describe('overlap', () => {
  const sentences = ['One', 'Two', 'Three', 'Four', 'Five'].map((name) => sentence(name, 4));

  it('repeats whole sentences from the end of the chunk before', () => {
    expect(textsOf(sentences.join(' '), 12, 5)).toEqual([
      sentences.slice(0, 3).join(' '),
      sentences.slice(2).join(' '),
    ]);
  });

  it('is left out where a sentence is longer than it, or the next one needs the room', () => {
    expect(textsOf(sentences.join(' '), 12, 3)).toEqual([
      sentences.slice(0, 3).join(' '),
      sentences.slice(3).join(' '),
    ]);
    const long = sentence('Long', 12);
    expect(textsOf(`${sentences[0]} ${sentences[1]} ${long}`, 12, 5)).toEqual([
      `${sentences[0]} ${sentences[1]}`,
      long,
    ]);
  });

  it('is bounded in length where the model counts nothing', () => {
    const chunks = chunkText('漢字仮名交文。'.repeat(400), { countTokens: () => 0 });
    expect(chunks.length).toBeGreaterThan(1);
    for (const [i, { start }] of chunks.entries())
      expect((chunks[i - 1]?.end ?? 0) - start).toBeLessThanOrEqual(16 * 40);
  });

  it('does not reach into another section', () => {
    const text = `# A\n\n${sentences.slice(0, 3).join(' ')}\n\n# B\n\n${sentences.slice(3).join(' ')}`;
    const joined = `## A\n\nOne thing is like this. Two things are like that.\n\n## B${' long'.repeat(20)}\n\n${sentence('Bbb', 20)}`;
    expect(textsOf(joined, 49, 5)[1]).toMatch(/^## B/);
    expect(textsOf(text, 15, 5)).toEqual(text.split('\n\n# B').map((part, i) => (i === 0 ? part : `# B${part}`)));
  });
});

describe('a megabyte', () => {
  it.each([
    ['without white space', 'x'],
    ['of white space lines', ' \n'],
    ['of words without a sentence', 'word '],
    ['of tiny paragraphs', 'a\n\n'],
    ['of headings', '# a\n\n'],
    ['of list items', '- a\n'],
    ['of Chinese sentences', '漢字仮名交文。'],
    ['of combining marks', '\u0301'],
    ['in one code block', 'x = 1;\n'],
  ])('%s is chunked within three seconds', (name, unit) => {
    const fence = name.includes('code') ? '```\n' : '';
    const text = fence + unit.repeat(1_000_000 / unit.length);
    const startedAt = performance.now();
    const chunks = chunkText(text, { countTokens: (part) => Math.ceil(part.length / 4) });
    expect(performance.now() - startedAt).toBeLessThan(3000);
    expect(chunks.length).toBeLessThan(10_000);
  });
});
