import { mean } from '../src/recall/recall-measures.ts';
import { type Measures, measure } from './results.ts';
import type { DatabaseSample } from './soak-sample.ts';

/** What is known of one minute. */
export interface SoakSample extends DatabaseSample {
  readonly gatewayMb: number;
  readonly workerMb: number;
  readonly recall: number;
  /** In how many seconds of this minute's load as many vectors died as are dead. */
  readonly deadSeconds: number;
}

/** The worker may be this far behind two writers that never pause. */
const longestQueue = 2_000;
/** A process that was just started is not yet at its usual size: the first third of a run is what the last is held against. */
const mostGrowth = 1.25;
const mostRecallLost = 0.02;
/**
 * Two rounds of autovacuum as it comes. Dead rows are those that died since the last vacuum that is through was begun; one begins in
 * each round of a minute, so nothing dead is older than two of them while a vacuum takes less than one.
 */
const mostDeadSeconds = 120;
/** What autovacuum leaves alone: it begins above 50 dead rows and 2 % of all, as the migrations have it. */
export const settledDead = { rows: 50, share: 0.02 };
const mostHeapFetches = 0.5;
const indexOnly = 'Index Only Scan';

/**
 * Holds a run to its bounds.
 * @param samples one a minute, under load.
 * @param settled after the last write, as soon as autovacuum was through or was given up.
 * @param isPaced false where everything is rewritten again and again as fast as it goes: then hardly a page stays visible
 *   between two vacuums, and whether the index alone is read is not held against it (decision 21).
 */
export function judgeSoak(samples: readonly SoakSample[], settled: DatabaseSample, isPaced: boolean): Measures {
  const third = Math.max(1, Math.floor(samples.length / 3));
  const early = (of: (sample: SoakSample) => number) => mean(samples.slice(0, third).map(of));
  const late = (of: (sample: SoakSample) => number) => mean(samples.slice(-third).map(of));
  const growth = (of: (sample: SoakSample) => number) =>
    measure(late(of) / early(of), 'times', '<=', mostGrowth, 'RSS, last third to first');
  const recall = (sample: SoakSample) => sample.recall;
  const deadSeconds = Math.max(...samples.map((sample) => sample.deadSeconds));
  const scans = [...new Set(samples.map(({ scan }) => scan))].join(', ');
  const isOther = ({ scan }: DatabaseSample) => scan !== indexOnly;
  const heapFetches = late((sample) => sample.heapFetches / sample.scannedRows);
  const underLoad = {
    other_scans: measure(samples.filter(isOther).length, 'samples', '<=', 0, scans),
    heap_fetches: measure(heapFetches, 'of rows', '<=', mostHeapFetches, 'last third'),
  };
  return {
    gateway_growth: growth(({ gatewayMb }) => gatewayMb),
    worker_growth: growth(({ workerMb }) => workerMb),
    longest_queue: measure(Math.max(...samples.map(({ queue }) => queue)), 'chunks', '<=', longestQueue),
    recall_lost: measure(
      early(recall) - late(recall),
      'recall@10',
      '<=',
      mostRecallLost,
      `first third ${early(recall).toFixed(4)}`,
    ),
    dead_for: measure(
      deadSeconds,
      'seconds',
      '<=',
      mostDeadSeconds,
      `at worst; ${late(({ deadRows, liveRows }) => deadRows / liveRows).toFixed(2)} of live in the last third`,
    ),
    settled_dead: measure(
      settled.deadRows,
      'rows',
      '<=',
      settledDead.rows + settledDead.share * settled.liveRows,
      'when nobody writes',
    ),
    ...(isPaced && underLoad),
    settled_other_scans: measure(isOther(settled) ? 1 : 0, 'samples', '<=', 0, `${settled.scan}; under load: ${scans}`),
    settled_fetches: measure(
      settled.heapFetches / settled.scannedRows,
      'of rows',
      '<=',
      mostHeapFetches,
      `under load, last third: ${heapFetches.toFixed(2)}`,
    ),
  };
}
