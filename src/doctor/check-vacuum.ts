import { counted } from '../counted.ts';
import { type Finding, orOk } from './finding.ts';

/** A table of the schema, by the server's own statistics. */
export interface TableFacts {
  readonly name: string;
  /** When it was last vacuumed or analysed; 0 before. */
  readonly pages: number;
  /** Pages of which the visibility map says that every row is visible to everybody. */
  readonly visiblePages: number;
  readonly liveRows: number;
  readonly deadRows: number;
  /** Whether anything was ever told to the planner about it. */
  readonly analysed: boolean;
  /** Storage parameters, such as `autovacuum_enabled=false`. */
  readonly options: readonly string[];
}

export interface VacuumFacts {
  readonly tables: readonly TableFacts[];
  readonly autovacuum: boolean;
  readonly trackCounts: boolean;
}

/** Tables that are read by index-only scans, which look up every row that the visibility map does not vouch for. */
const indexOnlyTables: ReadonlySet<string> = new Set(['embeddings', 'chunks']);
const leastVisibleShare = 0.9;
const mostDeadShare = 0.2;
/** Tables below these are not worth a word. */
const [fewPages, fewRows] = [64, 1_000];
/** What the migrations set on the tables above: inserts alone must bring the vacuum. */
const insertOption = 'autovacuum_vacuum_insert_scale_factor';

/** Whether the tables are vacuumed and analysed as their index-only scans need it. */
export function checkVacuum({ tables, autovacuum, trackCounts }: VacuumFacts): Finding[] {
  const check = 'vacuum';
  const findings: Finding[] = [];
  if (!autovacuum || !trackCounts) {
    const found = `${autovacuum ? 'track_counts' : 'autovacuum'} is off: nothing is vacuumed by itself`;
    const fix =
      'Run "alter system set autovacuum = on", the same for track_counts, and "select pg_reload_conf()" as a superuser.';
    findings.push({ check, level: 'fault', found, fix });
  }
  for (const table of tables) findings.push(...checkTable(check, table));
  const visible = tables
    .filter(({ name }) => indexOnlyTables.has(name))
    .map(({ name, pages, visiblePages }) => `${name} ${pages > 0 ? Math.round((100 * visiblePages) / pages) : 100} %`);
  return orOk(findings, check, `pages that are visible to everybody: ${visible.join(', ')}`);
}

function checkTable(check: string, table: TableFacts): Finding[] {
  const { name, pages, visiblePages, liveRows, deadRows, analysed, options } = table;
  const findings: Finding[] = [];
  if (options.some((option) => /^autovacuum_enabled=(false|off|0)$/.test(option))) {
    const fix = `Run "alter table tessera.${name} reset (autovacuum_enabled)" as the owner of the schema.`;
    findings.push({ check, level: 'fault', found: `autovacuum is off for ${name}`, fix });
  }
  if (indexOnlyTables.has(name) && !options.some((option) => option.startsWith(`${insertOption}=`))) {
    const fix = `Run "alter table tessera.${name} set (${insertOption} = 0.02)" as the owner of the schema.`;
    findings.push({ check, level: 'warning', found: `${name} is not vacuumed after 2 % of inserts`, fix });
  }
  if (indexOnlyTables.has(name) && pages >= fewPages && visiblePages < pages * leastVisibleShare) {
    const share = Math.round((100 * visiblePages) / pages);
    const found = `${share} % of the pages of ${name} are known to be visible: index-only scans look up the rows of the rest`;
    findings.push({ check, level: 'warning', found, fix: vacuum(name) });
  }
  if (deadRows >= fewRows && deadRows > liveRows * mostDeadShare) {
    findings.push({
      check,
      level: 'warning',
      found: `${name} has ${counted(deadRows, 'dead row')} beside ${liveRows.toLocaleString('en')}`,
      fix: vacuum(name),
    });
  }
  if (!analysed && pages >= fewPages) {
    const fix = `Run "analyze tessera.${name}" as the owner of the schema.`;
    findings.push({
      check,
      level: 'warning',
      found: `${name} was never analysed: the planner sees no tenant's size`,
      fix,
    });
  }
  return findings;
}

function vacuum(table: string): string {
  return `Run "vacuum (analyze) tessera.${table}" as the owner of the schema, and look for a transaction that has been open for long.`;
}
