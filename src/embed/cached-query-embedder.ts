import DataLoader from 'dataloader';
import type { Embedder } from './embedder.ts';
import { EmbedderError } from './embedder-error.ts';

type Vector = Float32Array | null;

export interface QueryCacheOptions {
  readonly maxEntries: number;
  /** Told of every text, whether its vector was there or on its way. */
  readonly onLookUp?: ((isRemembered: boolean) => void) | undefined;
}

/**
 * Puts a cache in front of an embedder for texts of purpose `query`: the `maxEntries` most recently used are remembered,
 * equal queries in flight share one computation, and new ones of the same tick travel in one batch. Documents pass through
 * untouched. Vectors are shared between callers: do not write to them. Each tenant has a memory of their own as far as anybody
 * can tell: how long an answer takes does not say what others asked for.
 *
 * A caller's signal ends only that caller's wait, because others may want the same vector. Failures are not remembered.
 */
export function cacheQueries(embedder: Embedder, { maxEntries, onLookUp }: QueryCacheOptions): Embedder {
  // Its own cache is off: it makes a remembered query wait for the strangers in its batch.
  const loader = new DataLoader<string, Vector>((texts) => embedApart(embedder, texts), {
    cache: false,
    maxBatchSize: embedder.maxBatch,
  });
  // In order of last use: a Map keeps the order of insertion, and every hit is inserted again.
  const cache = new Map<string, Promise<Vector>>();

  function embedQuery(text: string, tenantId = ''): Promise<Vector> {
    const name = JSON.stringify([tenantId, text]);
    const known = cache.get(name);
    onLookUp?.(known !== undefined);
    const vector = known ?? loader.load(text);
    cache.delete(name);
    cache.set(name, vector);
    if (known === undefined) {
      vector.catch(() => {
        if (cache.get(name) === vector) cache.delete(name);
      });
      for (const oldest of cache.keys()) {
        if (cache.size <= maxEntries) break;
        cache.delete(oldest);
      }
    }
    return vector;
  }

  return {
    ...embedder,
    async embed(texts, options) {
      if (options.purpose !== 'query') return embedder.embed(texts, options);
      options.signal?.throwIfAborted();
      const { tenantId, signal } = options;
      return untilAborted(Promise.all(texts.map((text) => embedQuery(text, tenantId))), signal);
    },
  };
}

/** Embeds a batch. When a text of it is at fault, each is tried alone, so that one bad text fails only its own caller. */
async function embedApart(embedder: Embedder, texts: readonly string[]): Promise<(Vector | Error)[]> {
  try {
    return await embedder.embed(texts, { purpose: 'query' });
  } catch (error) {
    if (!(error instanceof EmbedderError && error.fault === 'item') || texts.length === 1) throw error;
  }
  return Promise.all(
    texts.map(async (text) => {
      try {
        const [vector] = await embedder.embed([text], { purpose: 'query' });
        return vector ?? null;
      } catch (error) {
        return error as Error;
      }
    }),
  );
}

/** The promise's outcome, or a rejection with the signal's reason if that comes first. */
async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
