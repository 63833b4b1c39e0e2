import { Counter, type Registry } from 'prom-client';

/** Counts what limits refuse. @returns what is called with the limit's name. */
export function createLimitMetrics(registry: Registry): (limit: string) => void {
  const refusals = new Counter({
    name: 'tessera_limit_refusals_total',
    help: 'Requests, searches and writes that were refused for a limit, by the limit.',
    labelNames: ['limit'] as const,
    registers: [registry],
  });
  return (limit) => refusals.inc({ limit });
}
