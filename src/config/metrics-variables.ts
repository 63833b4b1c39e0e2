import { hostName, wholeNumber } from './value-types.ts';
import { optional, withDefault } from './variable.ts';

/** Variables of what is measured. */
export const metrics = {
  METRICS_PORT: optional(
    wholeNumber(0, 65_535),
    'TCP port on which "tessera serve" and "tessera work" serve their metrics for Prometheus, at /metrics; 0 picks a free one. Two of them on one machine need a port each. Unset: nothing is measured. See docs/metrics.md.',
  ),
  METRICS_HOST: withDefault(
    hostName,
    '127.0.0.1',
    'Address on which metrics are served. They ask for no credential: let nobody but Prometheus reach it.',
  ),
  METRICS_TENANTS: withDefault(
    wholeNumber(0, 10_000),
    '0',
    'Tenants that metrics tell apart by their ids, those with the most of what is counted; the rest are one, called other. 0: no metric names a tenant.',
  ),
  DRIFT_CHECK_MINUTES: withDefault(
    wholeNumber(0, 43_200),
    '360',
    'Minutes between two looks of a worker for documents, chunks and vectors that are out of step. It reads every text and vector, and takes a tenth of the time of one connection meanwhile. 0: it never looks. One worker that looks is enough.',
  ),
} as const;
