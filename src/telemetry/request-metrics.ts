import { Counter, Histogram, type Registry } from 'prom-client';
import { waitBuckets } from './durations.ts';

/** Counts GraphQL requests. @returns what is called when a request is answered, with its outcome's code. */
export function createRequestMetrics(registry: Registry): (code: string, durationMs: number) => void {
  const registers = [registry];
  const requests = new Counter({
    name: 'tessera_requests_total',
    help: 'GraphQL requests by the code of their outcome.',
    labelNames: ['code'] as const,
    registers,
  });
  const duration = new Histogram({
    name: 'tessera_request_duration_seconds',
    help: 'Time until a GraphQL request was answered, or until the answer in parts or the event stream began.',
    buckets: [...waitBuckets],
    registers,
  });
  return (code, durationMs) => {
    requests.inc({ code });
    duration.observe(durationMs / 1_000);
  };
}
