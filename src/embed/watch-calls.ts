import type { Embedder } from './embedder.ts';
import { EmbedderError } from './embedder-error.ts';
import type { RequestOutcome } from './usage.ts';

/** Tells of every call of an embedder that computes in this process, as a request to a service is told of; no tokens are counted. */
export function watchCalls(embedder: Embedder, onRequest: (outcome: RequestOutcome) => void): Embedder {
  return {
    ...embedder,
    async embed(texts, options) {
      const startedMs = performance.now();
      let code: RequestOutcome['code'];
      try {
        return await embedder.embed(texts, options);
      } catch (error) {
        code = error instanceof EmbedderError ? error.code : 'ABORTED';
        throw error;
      } finally {
        const durationMs = performance.now() - startedMs;
        onRequest({ purpose: options.purpose, texts: texts.length, tokens: 0, durationMs, code });
      }
    },
  };
}
