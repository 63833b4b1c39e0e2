import { type AddressInfo, createServer } from 'node:net';
import { GenericContainer, getContainerRuntimeClient, Wait } from 'testcontainers';
import { ownLabels, postgresImage, prepareEngine } from '../support/container.ts';

/** A PostgreSQL server that keeps its data over a crash, and can be made to crash. */
export interface DurablePostgres {
  readonly superuserUrl: string;
  /** `docker kill -s KILL`: every process of the server is gone at once, whatever it was doing. */
  kill(): Promise<void>;
  /** Starts it again over the same data and port; recovery may still be under way when this resolves. */
  start(): Promise<void>;
  remove(): Promise<void>;
}

const startedPattern = /database system is ready to accept connections/;

/** Starts a server with fsync and a real data directory, on a port of its own that stays the same. */
export async function startDurablePostgres(): Promise<DurablePostgres> {
  await prepareEngine();
  const port = await freePort();
  const started = await new GenericContainer(postgresImage)
    .withLabels(ownLabels())
    .withEnvironment({ POSTGRES_USER: 'postgres', POSTGRES_PASSWORD: 'of-the-crash-test', POSTGRES_DB: 'postgres' })
    .withExposedPorts({ container: 5432, host: port })
    .withSharedMemorySize(256 * 1024 * 1024)
    .withCommand(['postgres', '-c', 'fsync=on', '-c', 'full_page_writes=on', '-c', 'synchronous_commit=on'])
    // The first time it is the cluster's creation that is ready.
    .withWaitStrategy(Wait.forLogMessage(startedPattern, 2))
    .start();
  const { container } = await getContainerRuntimeClient();
  const engine = container.getById(started.getId());
  return {
    superuserUrl: `postgres://postgres:of-the-crash-test@127.0.0.1:${port}/postgres`,
    kill: async () => {
      await engine.kill({ signal: 'SIGKILL' });
      await engine.wait();
    },
    start: async () => {
      await engine.start();
    },
    remove: async () => {
      await engine.remove({ force: true, v: true });
    },
  };
}

/** A port of this machine that nobody listens at. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
