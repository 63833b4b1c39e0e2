import { PostgreSqlContainer } from '@testcontainers/postgresql';
import type { TestProject } from 'vitest/node';
import { cleanServer, prepareServer } from './support/server.ts';

const image = 'pgvector/pgvector:0.8.0-pg17';

/**
 * Gives the run its database: `TEST_DATABASE_URL`, else a container, else PGlite in every test file, which cannot run
 * all tests and is therefore a failure in CI.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const started = process.env.TEST_DATABASE_URL
    ? { url: process.env.TEST_DATABASE_URL, stop: async () => {} }
    : await startContainer();
  if ('reason' in started) {
    const explanation = `no TEST_DATABASE_URL, and no container: ${started.reason}`;
    if (process.env.CI) throw new Error(`The tests need a PostgreSQL server in CI; there is ${explanation}`);
    process.stdout.write(
      `Tests run on PGlite (${explanation}).\n` +
        'Skipped: tests that need several connections, separate logins or an HNSW index. With Docker, or with ' +
        "TEST_DATABASE_URL set to a superuser's URL, they run too.\n",
    );
    project.provide('testServer', { kind: 'embedded' });
    return async () => {};
  }
  const server = await prepareServer(started.url);
  project.provide('testServer', server);
  return async () => {
    await cleanServer(server);
    await started.stop();
  };
}

interface Started {
  readonly url: string;
  stop(): Promise<void>;
}

/** Nothing in it needs to outlive a crash, so nothing waits for a disk. */
async function startContainer(): Promise<Started | { readonly reason: string }> {
  // The reaper is another image to download; what it would do, the end of the run does, and CI by the label.
  process.env.TESTCONTAINERS_RYUK_DISABLED ??= 'true';
  try {
    const container = await new PostgreSqlContainer(image)
      .withLabels({ 'dev.tessera.run': process.env.TESSERA_RUN_ID ?? 'local' })
      .withSharedMemorySize(256 * 1024 * 1024)
      .withTmpFs({ '/var/lib/postgresql/data': 'rw' })
      .withCommand(['postgres', '-c', 'fsync=off', '-c', 'max_connections=200'])
      .start();
    return { url: container.getConnectionUri(), stop: async () => void (await container.stop()) };
  } catch (error) {
    return { reason: error instanceof Error ? error.message : String(error) };
  }
}
