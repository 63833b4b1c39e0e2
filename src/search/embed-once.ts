import type { Embedder } from '../embed/embedder.ts';

/** An embedder for one search that is run again and again: its text is embedded, and counted, the first time only. */
export function embedOnce(embedder: Embedder): Embedder {
  const known = new Map<string, ReturnType<Embedder['embed']>>();
  return {
    ...embedder,
    embed: (texts, options) => {
      const key = JSON.stringify(texts);
      const vectors = known.get(key) ?? embedder.embed(texts, options);
      known.set(key, vectors);
      vectors.catch(() => known.delete(key));
      return vectors;
    },
  };
}
