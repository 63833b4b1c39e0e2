import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EmbedderError } from '../../../src/embed/embedder-error.ts';
import { parseTenantId } from '../../../src/ids.ts';
import { embedTexts } from '../../../src/worker/embed-texts.ts';

const tenant = parseTenantId('north');

interface Provider {
  readonly calls: string[][];
  embed(texts: readonly string[]): Promise<(Float32Array | null)[]>;
}

/** Refuses every call with a text that it does not like. */
function provider(refuses: (text: string) => boolean): Provider {
  const calls: string[][] = [];
  return {
    calls,
    embed: async (texts) => {
      calls.push([...texts]);
      if (texts.some(refuses)) throw new EmbedderError('EMBEDDER_REJECTED', 'HTTP status 400');
      return texts.map((text) => Float32Array.of(Number(text.replace(/\D/g, '')) || 0));
    },
  };
}

const texts = (count: number) => Array.from({ length: count }, (_, i) => `text ${i}`);

describe('texts of which the provider refuses one', () => {
  test.each([1, 2, 3, 7, 8, 64, 100])('are embedded but for that one, wherever it is among %i', async (count) => {
    for (let bad = 0; bad < count; bad++) {
      const on = provider((text) => text === `text ${bad}`);
      const { vectors, rejected, failure } = await embedTexts(on, texts(count), tenant);
      expect([...rejected]).toEqual([[bad, 'HTTP status 400']]);
      expect(failure).toBeUndefined();
      expect([...vectors.keys()].sort((a, b) => a - b)).toEqual([...Array(count).keys()].filter((i) => i !== bad));
      for (const [position, vector] of vectors) expect(vector?.[0]).toBe(position);
    }
  });

  test.each([2, 8, 64, 100])('cost the others of %i no more than log2(n) calls and one', async (count) => {
    for (let bad = 0; bad < count; bad++) {
      const on = provider((text) => text === `text ${bad}`);
      await embedTexts(on, texts(count), tenant);
      const ofOthers = on.calls.filter((call) =>
        call.some((text) => text !== `text ${bad}` && text.startsWith('text')),
      );
      expect(ofOthers.length - 1).toBeLessThanOrEqual(Math.ceil(Math.log2(count)) + 1);
    }
  });
});

describe('texts of which the provider refuses several', () => {
  test('are all found, and no other is blamed', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 40 }),
        fc.uniqueArray(fc.integer({ min: 0, max: 39 })),
        async (count, bad) => {
          const wrong = bad.filter((position) => position < count);
          const on = provider((text) => wrong.includes(Number(text.slice('text '.length))) && text.startsWith('text '));
          const { vectors, rejected, failure } = await embedTexts(on, texts(count), tenant);
          expect(failure).toBeUndefined();
          expect([...rejected.keys()].sort((a, b) => a - b)).toEqual([...wrong].sort((a, b) => a - b));
          expect(vectors.size).toBe(count - wrong.length);
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('a provider', () => {
  test('that refuses whatever it is sent is at fault itself, and no text is blamed', async () => {
    const on = provider(() => true);
    const { vectors, rejected, failure } = await embedTexts(on, texts(16), tenant);
    expect([vectors.size, rejected.size, failure]).toEqual([0, 0, 'HTTP status 400']);
    expect(on.calls.length).toBeLessThanOrEqual(6);
  });

  test('that refuses the size of a call and none of its texts has them all embedded', async () => {
    const inner = provider(() => false);
    const on = {
      embed: async (sent: readonly string[]) => {
        if (sent.length > 5) throw new EmbedderError('EMBEDDER_REJECTED', 'HTTP status 413');
        return inner.embed(sent);
      },
    };
    const { vectors, rejected, failure } = await embedTexts(on, texts(40), tenant);
    expect([vectors.size, rejected.size, failure]).toEqual([40, 0, undefined]);
  });

  test('that fails in the middle keeps what it embedded, and blames no text for the rest', async () => {
    const inner = provider((text) => text === 'text 7');
    let calls = 0;
    const on = {
      embed: async (sent: readonly string[]) => {
        if (++calls === 3) throw new EmbedderError('EMBEDDER_UNAVAILABLE', 'HTTP status 503');
        return inner.embed(sent);
      },
    };
    const { vectors, rejected, failure } = await embedTexts(on, texts(8), tenant);
    expect([[...vectors.keys()], rejected.size, failure]).toEqual([[0, 1, 2, 3], 0, 'HTTP status 503']);
  });

  test.each(['configuration', 'passing'] as const)('whose refusal is one of %s blames no text', async (fault) => {
    let calls = 0;
    const on = {
      embed: async () => {
        calls++;
        throw new EmbedderError('EMBEDDER_REJECTED', 'HTTP status 401', { fault });
      },
    };
    const { vectors, rejected, failure } = await embedTexts(on, texts(8), tenant);
    expect([calls, vectors.size, rejected.size, failure]).toEqual([1, 0, 0, 'HTTP status 401']);
  });

  test('that says of a failure that a text is at fault has it found, whatever the code', async () => {
    const on = provider((text) => text === 'text 3');
    const strange = {
      embed: async (sent: readonly string[]) =>
        on.embed(sent).catch((cause: unknown) => {
          throw new EmbedderError('EMBEDDER_UNAVAILABLE', 'HTTP status 500', { cause, fault: 'item' });
        }),
    };
    const { vectors, rejected } = await embedTexts(strange, texts(8), tenant);
    expect([vectors.size, [...rejected.keys()]]).toEqual([7, [3]]);
  });

  test('hears for which tenant it works', async () => {
    const heard: unknown[] = [];
    const on = {
      embed: async (_: readonly string[], options: unknown) => {
        heard.push(options);
        return [null];
      },
    };
    await embedTexts(on, texts(1), tenant);
    expect(heard).toMatchObject([{ purpose: 'document', tenantId: tenant }]);
  });
});
