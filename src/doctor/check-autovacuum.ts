import type { TableFacts } from './check-vacuum.ts';
import { type Finding, orOk } from './finding.ts';

/** Settings of the server for its autovacuum, which only a superuser changes. */
export interface AutovacuumFacts {
  /** How long it waits between two looks at a database, in seconds. */
  readonly autovacuumNaptimeSeconds: number;
  readonly autovacuumWorkers: number;
  /** What one of them may remember rows in; null where `maintenance_work_mem` says. */
  readonly autovacuumWorkMemBytes: number | null;
}

/** PostgreSQL's own defaults. */
const longestNapSeconds = 60;
const fewestWorkers = 3;
const leastWorkMemBytes = 64 * 2 ** 20;
/** What the migrations set on the table of the graphs: vacuuming one took 13 s without pauses and 50 s with them. */
const delayOption = 'autovacuum_vacuum_cost_delay';

/** Whether autovacuum comes often enough, and gets through graphs before as many rows have died again. */
export function checkAutovacuum(facts: AutovacuumFacts, tables: readonly Pick<TableFacts, 'name' | 'options'>[]) {
  const check = 'autovacuum';
  const { autovacuumNaptimeSeconds: nap, autovacuumWorkers: workers, autovacuumWorkMemBytes: memory } = facts;
  const findings: Finding[] = [];
  const warn = (found: string, fix: string) => findings.push({ check, level: 'warning', found, fix });
  const alter = (setting: string) => `Run "alter system set ${setting}" and "select pg_reload_conf()" as a superuser.`;
  const embeddings = tables.find(({ name }) => name === 'embeddings');
  if (embeddings && !embeddings.options.some((option) => new RegExp(`^${delayOption}=0(\\.0*)?$`).test(option))) {
    const fix = `Run "alter table tessera.embeddings set (${delayOption} = 0)" as the owner of the schema.`;
    warn('autovacuum pauses in embeddings: it takes about four times as long for a graph', fix);
  }
  if (nap > longestNapSeconds) {
    const found = `autovacuum_naptime is ${nap} s: what died since the last look stays in the graphs, and pages invisible`;
    warn(found, alter("autovacuum_naptime = '1min'"));
  }
  if (workers < fewestWorkers) {
    const found = `autovacuum_max_workers is ${workers}: while a graph is vacuumed, other tables wait`;
    warn(found, `Raise autovacuum_max_workers to ${fewestWorkers} or more (needs a restart).`);
  }
  if (memory !== null && memory < leastWorkMemBytes) {
    const found = 'autovacuum_work_mem is below 64 MB: many dead rows are vacuumed in several rounds over every graph';
    warn(found, alter('autovacuum_work_mem = -1'));
  }
  const advised = 'where most documents are rewritten within minutes, autovacuum_naptime = 10s is advised';
  return orOk(findings, check, `every ${nap} s, ${workers} workers, no pauses in embeddings; ${advised}`);
}
