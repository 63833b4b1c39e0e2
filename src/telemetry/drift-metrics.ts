import { Gauge, type Registry } from 'prom-client';
import { foldTenants } from './fold-tenants.ts';

/** How much of one kind and age is out of step in a tenant. */
export interface CountedDrift {
  readonly tenant: string;
  readonly kind: string;
  readonly age: string;
  readonly count: number;
}

/** One look at everything. */
export interface DriftReport {
  readonly drifts: readonly CountedDrift[];
  readonly tookMs: number;
  /** When it ended. */
  readonly at: Date;
}

export interface DriftMetricsOptions {
  /** Every kind and age there is: what is in step is told as 0. */
  readonly kinds: readonly string[];
  readonly ages: readonly string[];
  /** Tenants with series of their own; none where it is 0. */
  readonly mostTenants: number;
}

/** Tells what the last look found. @returns what is called after each look. */
export function createDriftMetrics(
  registry: Registry,
  { kinds, ages, mostTenants }: DriftMetricsOptions,
): (report: DriftReport) => void {
  const registers = [registry];
  const rows = new Gauge({
    name: 'tessera_drift_rows',
    help: 'Documents, chunks and vectors that were out of step at the last look, by kind and by the age of the row.',
    labelNames: ['kind', 'age'] as const,
    registers,
  });
  const ofTenants = new Gauge({
    name: 'tessera_drift_tenant_rows',
    help: 'The same by tenant, of those that have any; tenants beyond METRICS_TENANTS are one, called other.',
    labelNames: ['tenant', 'kind', 'age'] as const,
    registers,
  });
  const at = new Gauge({
    name: 'tessera_drift_check_timestamp_seconds',
    help: 'When the last look ended, in Unix time; absent before the first.',
    registers,
  });
  const took = new Gauge({
    name: 'tessera_drift_check_duration_seconds',
    help: 'How long it took, pauses included.',
    registers,
  });
  at.remove();
  took.remove();
  return (report) => {
    // Both gauges change within one turn of the event loop, so no scrape sees half of it.
    for (const kind of kinds) for (const age of ages) rows.set({ kind, age }, 0);
    ofTenants.reset();
    for (const { kind, age, count } of report.drifts) rows.inc({ kind, age }, count);
    at.set(report.at.getTime() / 1_000);
    took.set(report.tookMs / 1_000);
    if (mostTenants === 0) return;
    const totals = new Map<string, number>();
    for (const { tenant, count } of report.drifts) totals.set(tenant, (totals.get(tenant) ?? 0) + count);
    const labelOf = foldTenants(totals, mostTenants);
    for (const { tenant, kind, age, count } of report.drifts)
      ofTenants.inc({ tenant: labelOf(tenant), kind, age }, count);
  };
}
