import { hostname } from 'node:os';
import { PostgreSqlContainer } from '@testcontainers/postgresql';
import { getContainerRuntimeClient } from 'testcontainers';

/** PostgreSQL with pgvector, as the public image and CI's own have it. */
export const postgresImage = 'pgvector/pgvector:0.8.0-pg17';
/** Label that names the process whose container it is, as `host/pid`. */
const processLabel = 'dev.tessera.process';

interface RunningContainer {
  readonly superuserUrl: string;
  stop(): Promise<void>;
}

/**
 * Starts a PostgreSQL server for this process. Nothing in it needs to outlive a crash, so nothing waits for a disk.
 * @throws when no Docker engine answers or the image cannot be had.
 */
export async function startContainer(): Promise<RunningContainer> {
  await prepareEngine();
  const container = await new PostgreSqlContainer(postgresImage)
    .withLabels(ownLabels())
    .withSharedMemorySize(256 * 1024 * 1024)
    .withTmpFs({ '/var/lib/postgresql/data': 'rw' })
    .withCommand(['postgres', '-c', 'fsync=off', '-c', 'max_connections=200'])
    .start();
  return {
    superuserUrl: container.getConnectionUri(),
    stop: async () => {
      await container.stop();
    },
  };
}

/** The reaper is another image to download. What it does is done here at the next start, and by CI by the run's label. */
export async function prepareEngine(): Promise<void> {
  process.env.TESTCONTAINERS_RYUK_DISABLED ??= 'true';
  await removeAbandoned();
}

/** Labels by which a container of this process is known when the process is gone. */
export function ownLabels(): Record<string, string> {
  return {
    'dev.tessera.run': process.env.TESSERA_RUN_ID ?? 'local',
    [processLabel]: `${hostname()}/${process.pid}`,
  };
}

/** A run that was killed could not stop its container; the next one on the same machine does. */
async function removeAbandoned(): Promise<void> {
  const { container } = await getContainerRuntimeClient();
  for (const { Id, Labels } of await container.list()) {
    const [host, pid] = Labels[processLabel]?.split('/') ?? [];
    if (host !== hostname() || isRunning(Number(pid))) continue;
    // Two runs that start together find the same ones; what is gone already need not be removed.
    await container
      .getById(Id)
      .remove({ force: true, v: true })
      .catch(() => {});
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
