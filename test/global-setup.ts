import type { TestProject } from 'vitest/node';
import { startContainer } from './support/container.ts';
import { checkLogArchive, makeLogArchive } from './support/log-archive.ts';
import { cleanServer, prepareServer } from './support/server.ts';

/**
 * Gives the run its database, and a place for everything that it logs. In the end the logs are looked through: one that
 * holds a credential or a text of a user fails the run.
 * @returns what ends it.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const logs = makeLogArchive();
  project.provide('logArchive', logs);
  const end = await openServer(project);
  return async () => {
    await end();
    process.stdout.write(`${checkLogArchive(logs)}\n`);
  };
}

/**
 * Gives the run its database: `TEST_DATABASE_URL`, else a container, else PGlite in every test file, which cannot run
 * all tests and is therefore a failure in CI.
 * @returns what ends it.
 */
async function openServer(project: TestProject): Promise<() => Promise<void>> {
  const url = process.env.TEST_DATABASE_URL;
  if (url) {
    const server = await prepareServer(url);
    project.provide('testServer', server);
    return () => cleanServer(server);
  }
  const container = await startContainer().catch((error: unknown) => {
    explainEmbedded(error instanceof Error ? error.message : String(error));
  });
  if (!container) {
    project.provide('testServer', { kind: 'embedded' });
    return async () => {};
  }
  try {
    project.provide('testServer', await prepareServer(container.superuserUrl));
  } catch (error) {
    await container.stop();
    throw error;
  }
  return container.stop;
}

/** @throws in CI, where nothing may be skipped. */
function explainEmbedded(reason: string): void {
  const explanation = `no TEST_DATABASE_URL, and no container: ${reason}`;
  if (process.env.CI) throw new Error(`The tests need a PostgreSQL server in CI, and there is ${explanation}`);
  process.stdout.write(
    `Tests run on PGlite (${explanation}).\n` +
      'Skipped: tests that need several connections, separate logins or an HNSW index. With Docker, or with ' +
      "TEST_DATABASE_URL set to a superuser's URL, they run too.\n",
  );
}
