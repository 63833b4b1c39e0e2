import { describe, expect, it } from 'vitest';
import { chunkText } from '../../../src/ingest/chunk.ts';

const countTokens = (text: string) => text.match(/\S+/g)?.length ?? 0;
type Kind = 'markdown' | 'recursive' | 'code' | 'sentence';
const chunk = (kind: Kind, text: string, maxTokens: number, overlapTokens = 0) =>
  chunkText(text, { kind, countTokens, maxTokens, overlapTokens });
const textsOf = (...args: Parameters<typeof chunk>) => chunk(...args).map(({ text }) => text);

/** `count` words, the first one capitalised, with a full stop. */
const sentence = (name: string, count: number) => `${name}${' word'.repeat(count - 2)} end.`;

describe('recursive', () => {
  it('takes no mark for a heading, an item or code', () => {
    const text = `# Not a heading\n\n- ${sentence('Item', 8)}\n\n\`\`\`\n${sentence('Code', 8)}\n\`\`\``;
    expect(chunk('recursive', text, 100)).toEqual([{ ordinal: 0, text, start: 0, end: text.length, headings: [] }]);
    expect(chunk('recursive', text, 12).every(({ headings }) => headings.length === 0)).toBe(true);
    expect(chunk('markdown', `# A heading\n\n${sentence('One', 10)}`, 8).at(-1)?.headings).toEqual(['A heading']);
  });

  it('cuts between paragraphs, then between sentences', () => {
    const long = `${sentence('Two', 8)} ${sentence('Three', 8)}`;
    const paragraphs = [sentence('One', 9), long, sentence('Four', 8)];
    expect(textsOf('recursive', paragraphs.join('\n \n'), 17)).toEqual([paragraphs[0], long, paragraphs[2]]);
    expect(textsOf('recursive', paragraphs.join('\n\n'), 10)).toHaveLength(4);
  });

  it('cuts what has no sentences at line ends, then between words', () => {
    const lines = Array.from({ length: 4 }, (_, i) => `line${i} without an end`);
    expect(textsOf('recursive', lines.join('\n'), 11)).toEqual([
      lines.slice(0, 2).join('\n'),
      lines.slice(2).join('\n'),
    ]);
  });
});

describe('sentence', () => {
  it('fills each window with whole sentences, over the ends of paragraphs', () => {
    const sentences = ['One', 'Two', 'Three', 'Four', 'Five', 'Six'].map((name) => sentence(name, 4));
    const [one, two, three, four, five, six] = sentences;
    const text = `${one} ${two}\n\n${three} ${four}\n\n${five} ${six}`;
    const namesOf = (...args: Parameters<typeof chunk>) =>
      textsOf(...args).map((part) => (part.match(/[A-Z]\w+/g) ?? []).join(' '));
    expect(namesOf('sentence', text, 12)).toEqual(['One Two Three', 'Four Five Six']);
    expect(namesOf('recursive', text, 12)).toEqual(['One Two', 'Three Four', 'Five Six']);
    // With an overlap the window moves by less than its length.
    expect(namesOf('sentence', text, 12, 4)).toEqual(['One Two Three', 'Three Four Five', 'Five Six']);
  });
});

describe('code', () => {
  const first =
    'import os\nimport sys\n\n# Reads a file.\ndef read(path):\n    with open(path) as file:\n        return file.read()';
  const second = '@cached\ndef write(path, text):\n    with open(path, "w") as file:\n\n        file.write(text)';

  it('cuts before a declaration rather than inside one', () => {
    expect(textsOf('code', `${first}\n\n${second}\n`, 22)).toEqual([first, second]);
  });

  it('keeps the comment and the decorator with what they stand above', () => {
    const imports = ['json', 'math', 'random', 'string'].map((name) => `import ${name}`).join('\n');
    const chunks = textsOf('code', `${imports}\n${first}\n\n${second}\n`, 17);
    expect(chunks.find((part) => part.includes('def read'))).toMatch(/^# Reads a file\./);
    expect(chunks.find((part) => part.includes('def write'))).toMatch(/^@cached/);
  });

  it('does not begin with what closes something', () => {
    const block = (name: string) => `function ${name}() {\n  return 1;\n}`;
    for (const maxTokens of [8, 9, 10, 12, 15, 16]) {
      const chunks = textsOf('code', [block('a'), block('b'), block('c')].join('\n'), maxTokens);
      expect(chunks.filter((part) => /^}/.test(part))).toEqual([]);
    }
  });

  it('takes a comment for no heading, and is not confused by what is no code', () => {
    const text = `# a comment\n\n${sentence('Prose', 9)} ${sentence('More', 9)}`;
    expect(chunk('code', text, 12).every(({ headings }) => headings.length === 0)).toBe(true);
  });
});

describe('a megabyte', () => {
  it.each([
    ['recursive', 'a\n\n'],
    ['recursive', 'x'],
    ['sentence', 'One of many. '],
    ['code', 'x = 1;\n'],
    ['code', '\n}'],
    ['code', 'x'],
  ] as const)('as %s of %j is chunked within three seconds', (kind, unit) => {
    const text = unit.repeat(1_000_000 / unit.length);
    const startedAt = performance.now();
    const chunks = chunkText(text, { kind, countTokens: (part) => Math.ceil(part.length / 4) });
    expect(performance.now() - startedAt).toBeLessThan(3000);
    expect(chunks.length).toBeLessThan(10_000);
  });
});
