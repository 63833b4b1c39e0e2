import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitIntoBatches } from '../../../src/embed/batches.ts';

const countTokens = (text: string) => text.length;

describe('splitIntoBatches', () => {
  it('covers all texts in order, within both limits, and no two neighbours fit into one', () => {
    const lengths = fc.array(fc.integer({ min: 0, max: 12 }), { maxLength: 40 });
    fc.assert(
      fc.property(lengths, fc.integer({ min: 1, max: 5 }), (sizes, maxTexts) => {
        const texts = sizes.map((size) => 'x'.repeat(size));
        const batches = splitIntoBatches(texts, countTokens, { maxTexts, maxTokens: 10 });
        const tokensOf = (start: number, end: number) => sizes.slice(start, end).reduce((sum, size) => sum + size, 0);
        expect(batches.flatMap(({ start, end }) => texts.slice(start, end))).toEqual(texts);
        for (const [i, { start, end }] of batches.entries()) {
          expect(start).toBe(i === 0 ? 0 : batches[i - 1]?.end);
          expect(end - start).toBeGreaterThan(0);
          expect(end - start).toBeLessThanOrEqual(maxTexts);
          if (end - start > 1) expect(tokensOf(start, end)).toBeLessThanOrEqual(10);
          if (end < texts.length && end - start < maxTexts) expect(tokensOf(start, end + 1)).toBeGreaterThan(10);
        }
      }),
    );
  });
});
