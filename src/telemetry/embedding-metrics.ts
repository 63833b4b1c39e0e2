import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { waitBuckets } from './durations.ts';

/** A request to what embeds, as it ended. */
export interface CountedRequest {
  readonly purpose: string;
  readonly texts: number;
  readonly tokens: number;
  readonly durationMs: number;
  /** Absent where it gave vectors. */
  readonly code?: string | undefined;
  readonly isRetry?: boolean | undefined;
}

/** What tells one of a process's providers from the other: two models may be the same service's. */
interface CountedProvider {
  /** By the setting's name for it. */
  readonly provider: string;
  readonly model: string;
}

interface ProviderMetrics {
  onRequest(request: CountedRequest): void;
  /** @param openMs how long the provider is left alone; 0 when it is back. */
  onCircuit(openMs: number): void;
}

export interface EmbeddingMetrics {
  /** Counts what is asked of a provider from now on. */
  watch(provider: CountedProvider): ProviderMetrics;
  onLookUp(isRemembered: boolean): void;
}

/** Counts what is asked of the providers that a process has, each for itself. */
export function createEmbeddingMetrics(registry: Registry): EmbeddingMetrics {
  const registers = [registry];
  const providerLabels = ['provider', 'model'] as const;
  const labelNames = [...providerLabels, 'purpose'] as const;
  const requests = new Counter({
    name: 'tessera_embedding_requests_total',
    help: 'Requests to the embedding provider by outcome: OK, the code of the failure, or ABORTED where nobody waited any more.',
    labelNames: [...labelNames, 'code'],
    registers,
  });
  const duration = new Histogram({
    name: 'tessera_embedding_request_duration_seconds',
    help: 'Time of a request to the embedding provider, however it ended.',
    labelNames,
    buckets: [...waitBuckets],
    registers,
  });
  const retries = new Counter({
    name: 'tessera_embedding_retries_total',
    help: 'Requests among them that repeat one that failed.',
    labelNames,
    registers,
  });
  const texts = new Counter({
    name: 'tessera_embedding_texts_total',
    help: 'Texts that were sent to the embedding provider, repeated ones again.',
    labelNames,
    registers,
  });
  const tokens = new Counter({
    name: 'tessera_embedding_tokens_total',
    help: 'Tokens of answered requests, as the provider counts them, else estimated; 0 for what computes in this process.',
    labelNames,
    registers,
  });
  const circuit = new Gauge({
    name: 'tessera_embedding_circuit_open',
    help: '1 while the embedding provider is down and left alone, otherwise 0.',
    labelNames: providerLabels,
    registers,
  });
  const lookUps = new Counter({
    name: 'tessera_query_vector_lookups_total',
    help: 'Texts of searches by whether their vector was remembered (hit) or had to be made (miss).',
    labelNames: ['result'] as const,
    registers,
  });
  return {
    watch({ provider, model }) {
      const asked = { provider, model };
      circuit.set(asked, 0);
      return {
        onRequest(request) {
          const labels = { ...asked, purpose: request.purpose };
          requests.inc({ ...labels, code: request.code ?? 'OK' });
          duration.observe(labels, request.durationMs / 1_000);
          texts.inc(labels, request.texts);
          tokens.inc(labels, request.tokens);
          if (request.isRetry) retries.inc(labels);
        },
        onCircuit: (openMs) => circuit.set(asked, openMs > 0 ? 1 : 0),
      };
    },
    onLookUp: (isRemembered) => lookUps.inc({ result: isRemembered ? 'hit' : 'miss' }),
  };
}
