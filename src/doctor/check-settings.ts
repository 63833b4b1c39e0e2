import { type Finding, orOk } from './finding.ts';

/** Settings of the server, as the gateway's login sees them. Sizes in bytes. */
export interface SettingFacts {
  readonly walCompression: string;
  readonly maintenanceWorkMemBytes: number;
  readonly maxParallelWorkers: number;
  readonly maxWorkerProcesses: number;
  readonly randomPageCost: number;
  /** Rows that an iterative scan of a graph visits at most. */
  readonly maxScanTuples: number;
}

/** PostgreSQL's own default. Builds ask for what they need themselves; vacuuming a graph goes by the server's. */
const leastMaintenanceBytes = 64 * 2 ** 20;
/** Helpers that a build asks for. */
const buildHelpers = 2;
/** pgvector's default is 20,000. A filter that few rows pass ends early below this. */
const leastScanTuples = 5_000;

/** Settings of the server that cost something as they are. */
export function checkSettings(facts: SettingFacts): Finding[] {
  const check = 'settings';
  const findings: Finding[] = [];
  const warn = (found: string, fix: string) => findings.push({ check, level: 'warning', found, fix });
  const alter = (setting: string) => `Run "alter system set ${setting}" and "select pg_reload_conf()" as a superuser.`;
  if (facts.walCompression === 'off') {
    warn(
      'wal_compression is off: page images of graphs and vectors go into the log whole',
      alter('wal_compression = lz4'),
    );
  }
  if (facts.maintenanceWorkMemBytes < leastMaintenanceBytes) {
    warn(
      'maintenance_work_mem is below 64 MB, and vacuuming a graph takes it',
      alter("maintenance_work_mem = '256MB'"),
    );
  }
  if (facts.maxParallelWorkers < buildHelpers || facts.maxWorkerProcesses < buildHelpers) {
    const found = 'the server has fewer than two parallel workers: graphs are built alone, which takes twice as long';
    warn(
      found,
      'Raise max_parallel_workers, max_parallel_maintenance_workers and max_worker_processes (the last needs a restart).',
    );
  }
  if (facts.maxScanTuples < leastScanTuples) {
    const found = `hnsw.max_scan_tuples is ${facts.maxScanTuples}: filtered searches of a graph end early`;
    warn(found, alter('hnsw.max_scan_tuples = 20000'));
  }
  const cost = `random_page_cost ${facts.randomPageCost} (scopes set 1.1 themselves)`;
  return orOk(findings, check, `wal_compression ${facts.walCompression}, ${cost}`);
}
