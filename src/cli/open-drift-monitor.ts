import type { Database } from '../db/database.ts';
import { type DriftMonitor, type DriftReport, startDriftMonitor } from '../drift/drift-monitor.ts';
import { readDriftTenants } from '../drift/look-notes.ts';
import type { Logger } from '../log.ts';
import { driftHashes } from './drift-hashes.ts';

export interface OpenDriftMonitorOptions {
  /** Connected as the worker's login. */
  readonly database: Database;
  /** Of a login that may take the operator's role, who knows which tenants there are. */
  readonly withOperator: <Result>(work: (database: Database) => Promise<Result>) => Promise<Result>;
  /** Undefined: nobody looks. */
  readonly everyMinutes: number | undefined;
  readonly onReport: ((report: DriftReport) => void) | undefined;
}

/** Starts the look for drift where that is wanted. */
export function openDriftMonitor(options: OpenDriftMonitorOptions, log: Logger): DriftMonitor | undefined {
  const { database, withOperator, everyMinutes, onReport } = options;
  if (everyMinutes === undefined) return undefined;
  const readTenants = () => withOperator(readDriftTenants);
  return startDriftMonitor(
    { database, readTenants, hashes: driftHashes, everyMs: everyMinutes * 60_000, onReport },
    log,
  );
}
