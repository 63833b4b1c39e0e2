import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { EmbedOptions } from '../../../src/embed/embedder.ts';
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

describe('suspects', () => {
  const { unsent, retryAfter, ...passing } = {
    fails: new EmbedderError('EMBEDDER_UNAVAILABLE', 'HTTP status 500', { httpStatus: 500 }),
    silent: new EmbedderError('EMBEDDER_TIMEOUT', 'silence'),
    cut: new EmbedderError('EMBEDDER_UNAVAILABLE', 'broke off'),
    unsent: new EmbedderError('EMBEDDER_UNAVAILABLE', 'spent', { unsent: 'budget', retryAfterMs: 1_000 }),
    retryAfter: new EmbedderError('EMBEDDER_UNAVAILABLE', 'busy', { httpStatus: 503, retryAfterMs: 1_000 }),
  };
  const limited = new EmbedderError('EMBEDDER_UNAVAILABLE', 'slower', { httpStatus: 429 });
  const isSuspect = true;
  const text3 = (text: string) => text === 'text 3';

  /** Fails with an error at every call with a text that it does not like. */
  function failing(error: EmbedderError, at: (text: string) => boolean) {
    const inner = provider(() => false);
    const calls: { texts: readonly string[]; isSuspect: boolean | undefined }[] = [];
    return {
      calls,
      embed: async (sent: readonly string[], options: EmbedOptions) => {
        calls.push({ texts: sent, isSuspect: options.isSuspect });
        if (sent.some(at)) throw error;
        return inner.embed(sent);
      },
    };
  }

  test.each(Object.entries(passing))(
    'over one of which a provider %s are all embedded but for that one',
    async (_, error) => {
      const { vectors, rejected, failure } = await embedTexts(failing(error, text3), texts(8), tenant, { isSuspect });
      expect([vectors.size, [...rejected], failure]).toEqual([7, [[3, error.message]], undefined]);
    },
  );

  test('are blamed by none of these where they are no suspects yet', async () => {
    const on = failing(passing.fails, text3);
    const { vectors, rejected, failure } = await embedTexts(on, texts(8), tenant);
    expect([on.calls.length, vectors.size, rejected.size, failure]).toEqual([1, 0, 0, passing.fails]);
  });

  test.each([
    ['its budget is spent', unsent],
    ['the provider says when to come back', retryAfter],
    ['the provider limits the rate', limited],
  ])('are not sent apart where %s', async (_, error) => {
    const on = failing(error, text3);
    const { rejected, failure } = await embedTexts(on, texts(8), tenant, { isSuspect });
    expect([on.calls.length, rejected.size, failure]).toEqual([1, 0, error]);
  });

  test('are not blamed by a provider that fails at everything, which a harmless text tells at once', async () => {
    const on = failing(passing.fails, () => true);
    const { rejected, failure } = await embedTexts(on, texts(8), tenant, { isSuspect });
    expect([on.calls.length, rejected.size, failure]).toEqual([2, 0, passing.fails]);
    expect(on.calls.map((call) => call.isSuspect)).toEqual([true, undefined]);
  });

  test('are not blamed by a provider that goes down while they are sent apart', async () => {
    let calls = 0;
    const on = failing(passing.fails, (text) => text === 'text 3' || calls > 4);
    const counting = {
      embed: (sent: readonly string[], options: EmbedOptions) => {
        calls++;
        return on.embed(sent, options);
      },
    };
    const { rejected, failure } = await embedTexts(counting, texts(8), tenant, { isSuspect });
    expect([rejected.size, failure]).toEqual([0, passing.fails]);
  });

  test('that are long are not blamed by a provider that is too slow for any text of their length', async () => {
    const long = 'text '.repeat(100);
    const on = failing(passing.silent, (text) => text.length > 400);
    const { rejected, failure } = await embedTexts(on, [...texts(3), long], tenant, { isSuspect });
    expect([rejected.size, failure]).toEqual([0, passing.silent]);
    const cut = await embedTexts(
      failing(passing.cut, (text) => text.length > 400),
      [...texts(3), long],
      tenant,
      {
        isSuspect,
      },
    );
    expect([...cut.rejected.keys()]).toEqual([3]);
  });

  test('are announced before they are sent apart, and not otherwise', async () => {
    const heard: string[] = [];
    const options = { isSuspect, beforeApart: async (reason: Error) => heard.push(reason.message) };
    await embedTexts(
      failing(passing.fails, () => false),
      texts(8),
      tenant,
      options,
    );
    await embedTexts(
      failing(passing.fails, () => true),
      texts(8),
      tenant,
      options,
    );
    expect(heard).toEqual([]);
    await embedTexts(failing(passing.fails, text3), texts(8), tenant, options);
    expect(heard).toEqual(['HTTP status 500']);
  });
});

describe('a provider', () => {
  test('that refuses whatever it is sent is at fault itself, and no text is blamed', async () => {
    const on = provider(() => true);
    const { vectors, rejected, failure } = await embedTexts(on, texts(16), tenant);
    expect([vectors.size, rejected.size, failure?.message]).toEqual([0, 0, 'HTTP status 400']);
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
    expect([[...vectors.keys()], rejected.size, failure?.message]).toEqual([[0, 1, 2, 3], 0, 'HTTP status 503']);
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
    expect([calls, vectors.size, rejected.size, failure?.message]).toEqual([1, 0, 0, 'HTTP status 401']);
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

  test('is sent texts apart at nobody’s expense: their tokens were taken with the first call', async () => {
    const on = provider((text) => text === 'text 3');
    const payers: unknown[] = [];
    const paid = {
      embed: (sent: readonly string[], options: EmbedOptions) => {
        payers.push(options.tenantId);
        return on.embed(sent);
      },
    };
    const { vectors } = await embedTexts(paid, texts(8), tenant);
    expect([vectors.size, payers[0]]).toEqual([7, tenant]);
    expect(payers.slice(1)).toEqual(payers.slice(1).map(() => undefined));
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
