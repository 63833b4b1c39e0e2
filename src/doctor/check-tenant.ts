import { counted } from '../counted.ts';
import { type Finding, orOk } from './finding.ts';
import type { PlanDeviation } from './plan-expectation.ts';

/** How a strategy is planned for a tenant, or why that could not be found out. */
export interface PlannedStrategy {
  readonly strategy: string;
  readonly deviations: readonly PlanDeviation[];
  readonly failure?: string;
}

const fixes: Readonly<Record<PlanDeviation['kind'], (table: string) => string>> = {
  'seq-scan': (table) =>
    `Run "analyze tessera.${table}" as the owner of the schema; if it stays so, look for a missing index.`,
  index: (table) =>
    `Run "analyze tessera.${table}" as the owner of the schema; if it stays so, look for a missing index.`,
  run: (table) =>
    `Run "tessera tiers --apply" and "analyze tessera.${table}": what was run is not what searches are planned for.`,
  waste: (table) => `Run "analyze tessera.${table}" as the owner of the schema.`,
  'heap-fetches': (table) => `Run "vacuum tessera.${table}" as the owner of the schema.`,
  estimate: (table) =>
    `Run "analyze tessera.${table}"; if it stays so, "alter table tessera.${table} alter tenant_id set statistics 1000" and analyse again.`,
};

/** Reading a table from end to end is wrong now; another index than expected, or a bad guess, is slow or soon will be. */
export function checkPlans(tenant: string, planned: readonly PlannedStrategy[]): Finding[] {
  const check = 'plans';
  const findings = planned.flatMap(({ strategy, deviations, failure }): Finding[] => [
    ...(failure === undefined
      ? []
      : [
          {
            check,
            level: 'warning' as const,
            found: `${tenant}, ${strategy}: not planned, ${failure}`,
            fix: 'See what the message says; a statement that takes too long is itself a finding.',
          },
        ]),
    ...deviations.map(
      ({ kind, table, found }): Finding => ({
        check,
        level: kind === 'seq-scan' ? 'fault' : 'warning',
        found: `${tenant}, ${strategy}: ${found}`,
        fix: fixes[kind](table),
      }),
    ),
  ]);
  return orOk(findings, check, `${tenant}: ${planned.length} strategies are planned as expected`);
}

/** Chunks that have neither a vector, nor a job, nor a mark that says why not: nothing will ever embed them. */
export function checkStranded(tenant: string, stranded: number): Finding[] {
  const check = 'orphans';
  if (stranded === 0) return [{ check, level: 'ok', found: `${tenant}: every chunk has a vector, a job or a mark` }];
  const fix = 'Run "tessera reconcile --mend": rows were taken out of embeddings or embedding_jobs by hand.';
  const found = `${tenant}: ${counted(stranded, 'chunk has', 'chunks have')} no vector and no job`;
  return [{ check, level: 'fault', found, fix }];
}
