import { PostgreSqlContainer } from '@testcontainers/postgresql';
import pg from 'pg';
import { cleanServer, cloneTemplate, prepareServer, urlAs } from '../test/support/server.ts';

/** A PostgreSQL server for one run of the benchmark. */
export interface BenchServer {
  /** Creates a migrated database; dropped with the server. */
  createDatabase(purpose: string): Promise<BenchDatabase>;
  close(): Promise<void>;
}

/** URLs of one database, by who logs in. */
export interface BenchDatabase {
  readonly superuser: string;
  readonly owner: string;
  readonly gateway: string;
  readonly worker: string;
}

const image = 'pgvector/pgvector:0.8.0-pg17';
/** A parallel build keeps the graph in shared memory. */
const sharedMemoryBytes = 6 * 2 ** 30;
const settings = {
  fsync: 'off',
  max_connections: '100',
  shared_buffers: '2GB',
  effective_cache_size: '12GB',
  max_wal_size: '16GB',
  checkpoint_timeout: '60min',
  wal_level: 'minimal',
  max_wal_senders: '0',
  // Whatever is vacuumed is vacuumed by the benchmark, between measurements and not in them.
  autovacuum: 'off',
  jit: 'off',
};

/** Starts a server in a container, or uses the one that `TEST_DATABASE_URL` names. */
export async function openBenchServer(): Promise<BenchServer> {
  const given = process.env.TEST_DATABASE_URL;
  if (given) return onServer(given, async () => {});
  process.env.TESTCONTAINERS_RYUK_DISABLED ??= 'true';
  const container = await new PostgreSqlContainer(image)
    .withLabels({ 'dev.tessera.run': process.env.TESSERA_RUN_ID ?? 'local' })
    .withSharedMemorySize(sharedMemoryBytes)
    .withCommand(['postgres', ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])])
    .start();
  const stop = async () => {
    await container.stop();
  };
  try {
    return await onServer(container.getConnectionUri(), stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

async function onServer(url: string, stop: () => Promise<void>): Promise<BenchServer> {
  const server = await prepareServer(url);
  return {
    async createDatabase(purpose) {
      const database = `${server.databasePrefix}${purpose}`;
      await cloneTemplate(server, database);
      return {
        superuser: urlAs(url, { database }),
        owner: urlAs(url, { role: 'tessera_owner', database }),
        gateway: urlAs(url, { role: 'tessera_gateway', database }),
        worker: urlAs(url, { role: 'tessera_worker_login', database }),
      };
    },
    async close() {
      await cleanServer(server);
      await stop();
    },
  };
}

/** Does something on one connection of its own, without pipelining. */
export async function withClient<Result>(url: string, work: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
