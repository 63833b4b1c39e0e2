import { describe, expect, it } from 'vitest';
import { cacheQueries } from '../../../src/embed/cached-query-embedder.ts';
import type { Embedder, EmbedOptions } from '../../../src/embed/embedder.ts';
import { EmbedderError } from '../../../src/embed/embedder-error.ts';
import { hashedVector } from '../../support/embedding-server.ts';

const query: EmbedOptions = { purpose: 'query' };

/** Records the batches it is given, waits for `release` where told to, and rejects batches that hold the text `bad`. */
function createRecorder(gate: Promise<void> = Promise.resolve()) {
  const batches: string[][] = [];
  let broken = false;
  const embedder: Embedder = {
    model: { name: 'test', dimensions: 256 },
    fusionWeights: { keyword: 1, semantic: 1 },
    maxTokens: 100,
    maxBatch: 3,
    countTokens: (text) => text.length,
    async embed(texts) {
      batches.push([...texts]);
      await gate;
      if (broken) throw new EmbedderError('EMBEDDER_UNAVAILABLE', 'down');
      if (texts.includes('bad')) throw new EmbedderError('EMBEDDER_REJECTED', 'bad text');
      return texts.map((text) => (text === '' ? null : hashedVector(text, 256)));
    },
  };
  return {
    batches,
    embedder,
    setBroken(value: boolean) {
      broken = value;
    },
  };
}

describe('cacheQueries', () => {
  it('embeds a query once and remembers it, null included', async () => {
    const { batches, embedder } = createRecorder();
    const cached = cacheQueries(embedder, { maxEntries: 10 });
    const first = await cached.embed(['cold shower', ''], query);
    expect(first).toEqual([hashedVector('cold shower', 256), null]);
    expect(await cached.embed(['', 'cold shower'], query)).toEqual([null, first[0]]);
    expect(batches).toEqual([['cold shower', '']]);
  });

  it('sends the new queries of one tick in one batch, equal ones once, and no batch over the limit', async () => {
    const { batches, embedder } = createRecorder();
    const cached = cacheQueries(embedder, { maxEntries: 10 });
    const calls = ['a', 'b', 'a', 'c', 'd'].map((text) => cached.embed([text], query));
    const vectors = (await Promise.all(calls)).flat();
    expect(vectors).toEqual(['a', 'b', 'a', 'c', 'd'].map((text) => hashedVector(text, 256)));
    expect(batches).toEqual([['a', 'b', 'c'], ['d']]);
  });

  it("remembers a query for whose it is: another's is computed anew, so that its time tells nothing", async () => {
    const { batches, embedder } = createRecorder();
    const cached = cacheQueries(embedder, { maxEntries: 10 });
    for (const tenantId of ['acme', 'globex', 'acme', 'globex']) await cached.embed(['a'], { ...query, tenantId });
    // What is put together from tenant and text must not be another pair's.
    await cached.embed(['x a'], { ...query, tenantId: 'acme' });
    await cached.embed(['a'], { ...query, tenantId: 'acme x' });
    expect(batches).toEqual([['a'], ['a'], ['x a'], ['a']]);
  });

  it('joins a computation that is under way', async () => {
    const gate = Promise.withResolvers<void>();
    const { batches, embedder } = createRecorder(gate.promise);
    const cached = cacheQueries(embedder, { maxEntries: 10 });
    const first = cached.embed(['a'], query);
    await new Promise(setImmediate);
    const second = cached.embed(['a'], query);
    gate.resolve();
    expect(await second).toEqual(await first);
    expect(batches).toEqual([['a']]);
  });

  it('answers a remembered query while a strange one is under way', async () => {
    const gates = [Promise.resolve(), new Promise<void>(() => {})];
    const { embedder } = createRecorder();
    const slow: Embedder = {
      ...embedder,
      embed: async (...args) => gates.shift()?.then(() => embedder.embed(...args)) ?? [],
    };
    const cached = cacheQueries(slow, { maxEntries: 10 });
    await cached.embed(['known'], query);
    void cached.embed(['strange'], query);
    expect(await cached.embed(['known'], query)).toHaveLength(1);
  });

  it('forgets the query that was not used for longest', async () => {
    const { batches, embedder } = createRecorder();
    const cached = cacheQueries(embedder, { maxEntries: 2 });
    for (const text of ['a', 'b', 'a', 'c', 'a', 'b']) await cached.embed([text], query);
    expect(batches.flat()).toEqual(['a', 'b', 'c', 'b']);
  });

  it('does not remember a failure', async () => {
    const { embedder, setBroken } = createRecorder();
    const cached = cacheQueries(embedder, { maxEntries: 10 });
    setBroken(true);
    await expect(cached.embed(['a'], query)).rejects.toThrow('down');
    setBroken(false);
    expect(await cached.embed(['a'], query)).toHaveLength(1);
  });

  it('fails only the caller whose text is rejected', async () => {
    const { embedder } = createRecorder();
    const cached = cacheQueries(embedder, { maxEntries: 10 });
    const [good, bad] = await Promise.allSettled([cached.embed(['good'], query), cached.embed(['bad'], query)]);
    expect(good).toMatchObject({ status: 'fulfilled', value: [hashedVector('good', 256)] });
    expect(bad).toMatchObject({ status: 'rejected', reason: { code: 'EMBEDDER_REJECTED' } });
  });

  it("ends only the wait of the caller whose signal is aborted, with the signal's reason", async () => {
    const gate = Promise.withResolvers<void>();
    const { batches, embedder } = createRecorder(gate.promise);
    const cached = cacheQueries(embedder, { maxEntries: 10 });
    const controller = new AbortController();
    const leaving = cached.embed(['a'], { ...query, signal: controller.signal });
    const staying = cached.embed(['a'], query);
    const reason = new Error('gone');
    controller.abort(reason);
    await expect(leaving).rejects.toBe(reason);
    gate.resolve();
    expect(await staying).toHaveLength(1);
    expect(batches).toEqual([['a']]);
  });

  it('passes documents through', async () => {
    const { batches, embedder } = createRecorder();
    const cached = cacheQueries(embedder, { maxEntries: 10 });
    await cached.embed(['a'], { purpose: 'document' });
    await cached.embed(['a'], { purpose: 'document' });
    expect(batches).toEqual([['a'], ['a']]);
    expect(cached.model).toEqual(embedder.model);
  });
});
