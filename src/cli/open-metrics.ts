import type { Registry } from 'prom-client';
import type { Config } from '../config/config.ts';
import type { Database } from '../db/database.ts';
import { driftKinds } from '../drift/drift.ts';
import { driftAges } from '../drift/drift-age.ts';
import type { Logger } from '../log.ts';
import { type CountedDatabase, createDatabaseMetrics, type PoolState } from '../telemetry/database-metrics.ts';
import { createDriftMetrics } from '../telemetry/drift-metrics.ts';
import { createEmbeddingMetrics, type EmbeddingMetrics } from '../telemetry/embedding-metrics.ts';
import { createIndexMetrics } from '../telemetry/index-metrics.ts';
import { createLimitMetrics } from '../telemetry/limit-metrics.ts';
import { createLatencyMetrics, createOutboxMetrics } from '../telemetry/outbox-metrics.ts';
import { createRecentReading } from '../telemetry/recent-reading.ts';
import { createRegistry } from '../telemetry/registry.ts';
import { createRequestMetrics } from '../telemetry/request-metrics.ts';
import { createSearchMetrics } from '../telemetry/search-metrics.ts';
import { serveMetrics } from '../telemetry/serve-metrics.ts';
import { countIndexes } from '../tiers/count-indexes.ts';
import { readOutbox } from '../worker/read-outbox.ts';

/** All that one process measures, and the registry that it is read from. */
export interface Metrics {
  readonly registry: Registry;
  readonly embedding: EmbeddingMetrics;
  /** Counts what is asked of a database from now on, under a name of few. */
  watch(name: string, database: Database): Database;
  /** What a gateway counts. @param database whose login may take the operator's role. */
  openGateway(database: Database): {
    readonly observeRequest: ReturnType<typeof createRequestMetrics>;
    readonly onSearch: ReturnType<typeof createSearchMetrics>;
    readonly onRefused: (limit: string) => void;
  };
  /** What a worker counts. @param database connected as its login. */
  openWorker(database: Database): {
    readonly onWritten: (waitedSeconds: readonly number[]) => void;
    readonly onDrift: ReturnType<typeof createDriftMetrics>;
  };
  /** Serves the registry. @returns what ends that. */
  serve(): Promise<() => Promise<void>>;
}

/** Makes what measures a process; nothing where nothing is to be measured, and then nothing is counted anywhere. */
export function openMetrics({ metrics: config }: Pick<Config, 'metrics'>, log: Logger) {
  return config && createMetrics(config, log);
}

function createMetrics(config: NonNullable<Config['metrics']>, log: Logger): Metrics {
  const registry = createRegistry();
  const watchPool: (name: string, pool: PoolState) => CountedDatabase = createDatabaseMetrics(registry);
  const onFailure = (error: unknown) => log.warn({ err: error }, 'something could not be measured');
  return {
    registry,
    embedding: createEmbeddingMetrics(registry),
    watch: (name, database) => ({ ...database, watch: watchPool(name, database.pool) }),
    openGateway(database) {
      createIndexMetrics(
        registry,
        createRecentReading(() => countIndexes(database), onFailure),
      );
      return {
        observeRequest: createRequestMetrics(registry),
        onSearch: createSearchMetrics(registry),
        onRefused: createLimitMetrics(registry),
      };
    },
    openWorker(database) {
      createOutboxMetrics(
        registry,
        createRecentReading(() => readOutbox(database), onFailure),
      );
      const { mostTenants } = config;
      return {
        onWritten: createLatencyMetrics(registry),
        onDrift: createDriftMetrics(registry, { kinds: driftKinds, ages: driftAges, mostTenants }),
      };
    },
    async serve() {
      const { url, close } = await serveMetrics(registry, { ...config, onFailure });
      log.info({ url }, 'metrics are served');
      return close;
    },
  };
}
