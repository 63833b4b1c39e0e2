import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { estimateTokens } from '../../../src/embed/estimate-tokens.ts';
import { loadStaticEmbedder } from '../../../src/embed/static-embedder.ts';
import { type Chunk, type ChunkOptions, chunkText } from '../../../src/ingest/chunk.ts';
import { anyText } from '../../support/any-text.ts';

const countWords = (text: string) => text.match(/\S+/g)?.length ?? 0;
const counters = { table: loadStaticEmbedder().countTokens, estimate: estimateTokens, words: countWords };

const options = fc
  .record({
    counter: fc.constantFrom('table', 'estimate', 'words'),
    kind: fc.constantFrom('markdown', 'recursive', 'code', 'sentence'),
    maxTokens: fc.integer({ min: 1, max: 60 }),
  })
  .chain((given) => fc.nat({ max: given.maxTokens - 1 }).map((overlapTokens) => ({ ...given, overlapTokens })));

function holdsFor(
  check: (source: string, chunks: Chunk[], given: ChunkOptions & { maxTokens: number; overlapTokens: number }) => void,
) {
  fc.assert(
    fc.property(anyText, options, (source, { counter, ...limits }) => {
      const given = { countTokens: counters[counter], ...limits };
      check(source, chunkText(source, given), given);
    }),
    { numRuns: 400 },
  );
}

describe('chunkText, for any text and limits,', () => {
  it('cuts chunks out of the source unchanged, in order, without white space around them', () => {
    holdsFor((source, chunks) => {
      for (const [i, chunk] of chunks.entries()) {
        expect(chunk.ordinal).toBe(i);
        expect(chunk.text).toBe(source.slice(chunk.start, chunk.end));
        expect(chunk.text).toBe(chunk.text.trim());
        expect(chunk.text).not.toBe('');
        expect(chunk.start).toBeGreaterThan(chunks[i - 1]?.start ?? -1);
        expect(chunk.end).toBeGreaterThan(chunks[i - 1]?.end ?? -1);
      }
    });
  });

  it('leaves nothing out but white space', () => {
    holdsFor((source, chunks) => {
      let covered = 0;
      for (const { start, end } of chunks) {
        if (start > covered) expect(source.slice(covered, start).trim()).toBe('');
        covered = end;
      }
      expect(source.slice(covered).trim()).toBe('');
    });
  });

  it('keeps every chunk within the token limit, single code points apart', () => {
    holdsFor((_, chunks, { countTokens, maxTokens }) => {
      for (const { text } of chunks) {
        if (Array.from(text).length > 1) expect(countTokens(text)).toBeLessThanOrEqual(maxTokens);
      }
    });
  });

  it('repeats no more than the overlap from the chunk before, and never all of it', () => {
    holdsFor((source, chunks, { countTokens, overlapTokens }) => {
      for (const [i, { start }] of chunks.entries()) {
        const previousEnd = chunks[i - 1]?.end ?? 0;
        const repeated = source.slice(start, Math.max(start, previousEnd));
        expect(countTokens(repeated)).toBeLessThanOrEqual(overlapTokens);
        expect(repeated.length).toBeLessThanOrEqual(16 * overlapTokens);
      }
    });
  });

  it('splits no surrogate pair', () => {
    holdsFor((source, chunks) => {
      for (const position of chunks.flatMap(({ start, end }) => [start, end])) {
        const around = source.slice(Math.max(0, position - 1), position + 1);
        expect(around).not.toMatch(/^[\ud800-\udbff][\udc00-\udfff]$/);
      }
    });
  });

  it('splits no letter from its marks and no emoji from its parts, unless it is larger than a chunk', () => {
    const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });
    holdsFor((source, chunks, { countTokens, maxTokens }) => {
      const segments = graphemes.segment(source);
      for (const position of chunks.flatMap(({ start, end }) => [start, end])) {
        const around = segments.containing(position);
        if (!around || around.index === position) continue;
        // A mark on white space stays without it.
        if (/^\s/.test(around.segment)) continue;
        const tokens = Math.max(countTokens(around.segment), Math.ceil(around.segment.length / 16));
        expect(tokens, JSON.stringify(around.segment)).toBeGreaterThan(maxTokens);
      }
    });
  });

  it('keeps the size of a chunk bounded, also where the model counts nothing', () => {
    holdsFor((_, chunks, { maxTokens }) => {
      for (const { text } of chunks) expect(text.length).toBeLessThanOrEqual(16 * maxTokens);
    });
  });

  it('gives the same chunks every time', () => {
    holdsFor((source, chunks, given) => {
      expect(chunkText(source, given)).toEqual(chunks);
    });
  });
});

describe('chunkText, for any outline,', () => {
  const paragraph = fc.integer({ min: 1, max: 12 }).map((length) => 'Every word counts here. '.repeat(length).trim());
  const section = fc.record({ level: fc.integer({ min: 1, max: 4 }), body: fc.array(paragraph, { maxLength: 4 }) });

  it('names the headings above each chunk, and shares a chunk only where a section is small', () => {
    fc.assert(
      fc.property(fc.array(section, { maxLength: 12 }), (sections) => {
        const titles = sections.map((_, i) => `Title${i}`);
        const parts = sections.map(({ level, body }, i) => [`${'#'.repeat(level)} ${titles[i]}`, ...body].join('\n\n'));
        const source = parts.join('\n\n');
        const chunks = chunkText(source, { countTokens: countWords, maxTokens: 40, overlapTokens: 8 });
        for (const { start, text, headings } of chunks) {
          expect(headings).toEqual(pathAt(source, start, sections, titles));
          const held = parts.filter((part) => {
            const at = source.indexOf(`${part.split('\n')[0]}\n`);
            return at >= start && at < start + text.length;
          });
          for (const part of held.slice(0, -1)) expect(countWords(part)).toBeLessThan(10);
        }
      }),
    );
  });

  function pathAt(source: string, position: number, sections: readonly { level: number }[], titles: readonly string[]) {
    let path: { level: number; title: string }[] = [];
    for (const [i, { level }] of sections.entries()) {
      const title = titles[i]!;
      const headingAt = source.search(new RegExp(`^#+ ${title}$`, 'm'));
      if (headingAt > position) break;
      path = path.filter((above) => above.level < level);
      if (headingAt === position) break;
      path.push({ level, title });
    }
    return path.map(({ title }) => title);
  }
});
