import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { waitBuckets } from './durations.ts';

/** What a pool tells of itself. */
export interface PoolState {
  readonly totalCount: number;
  readonly idleCount: number;
  readonly waitingCount: number;
}

/** What a database calls as it works. */
export interface CountedDatabase {
  onFlight(kind: 'read' | 'write', statements: number, durationMs: number): void;
  onWait(): () => void;
}

/** Counts what is asked of databases. @returns what watches one pool, by a name of few. */
export function createDatabaseMetrics(registry: Registry): (name: string, pool: PoolState) => CountedDatabase {
  const registers = [registry];
  const pools = new Map<string, PoolState>();
  const duration = new Histogram({
    name: 'tessera_database_flight_duration_seconds',
    help: 'Time of a flight of reads, or of a transaction that writes, without the wait for a connection.',
    labelNames: ['pool', 'kind'] as const,
    buckets: [...waitBuckets],
    registers,
  });
  const statements = new Counter({
    name: 'tessera_database_statements_total',
    help: 'Statements of flights and transactions, those that open and close them left out.',
    labelNames: ['pool', 'kind'] as const,
    registers,
  });
  const turnWait = new Histogram({
    name: 'tessera_database_turn_wait_seconds',
    help: 'Wait for a turn at a connection, of those that had to wait.',
    labelNames: ['pool'] as const,
    buckets: [...waitBuckets],
    registers,
  });
  const turnsWaiting = new Gauge({
    name: 'tessera_database_turns_waiting',
    help: 'Who waits for a turn at a connection now.',
    labelNames: ['pool'] as const,
    registers,
  });
  new Gauge({
    name: 'tessera_database_connections',
    help: 'Connections that are open, by whether somebody has them.',
    labelNames: ['pool', 'state'] as const,
    registers,
    collect() {
      for (const [pool, { totalCount, idleCount }] of pools) {
        this.set({ pool, state: 'idle' }, idleCount);
        this.set({ pool, state: 'busy' }, totalCount - idleCount);
      }
    },
  });
  new Gauge({
    name: 'tessera_database_connection_requests_waiting',
    help: 'Who has a turn, or needs none, and waits for the pool to open a connection or have one back.',
    labelNames: ['pool'] as const,
    registers,
    collect() {
      for (const [pool, { waitingCount }] of pools) this.set({ pool }, waitingCount);
    },
  });
  return (name, state) => {
    const labels = { pool: name };
    pools.set(name, state);
    turnsWaiting.set(labels, 0);
    return {
      onFlight(kind, sent, durationMs) {
        duration.observe({ pool: name, kind }, durationMs / 1_000);
        statements.inc({ pool: name, kind }, sent);
      },
      onWait() {
        turnsWaiting.inc(labels);
        const end = turnWait.startTimer(labels);
        return () => {
          turnsWaiting.dec(labels);
          end();
        };
      },
    };
  };
}
