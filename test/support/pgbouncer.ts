import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, inject } from 'vitest';

/** PgBouncer in front of the test's server. */
export interface Pooler {
  /** The URL of a login through it, in place of one to the server. */
  through(url: string): string;
  close(): Promise<void>;
}

interface PoolerOptions {
  /** Connections to the server for each login and database. */
  readonly connections: number;
  readonly mode?: 'transaction' | 'statement';
}

const path = ['/usr/sbin/pgbouncer', '/usr/bin/pgbouncer', '/usr/local/bin/pgbouncer'].find(runs);
const patienceMs = 10_000;

/** Tests through PgBouncer, which Debian has as `pgbouncer`. In CI they are never skipped. */
export const describePooled = describe.skipIf(
  inject('testServer').kind === 'embedded' || (path === undefined && !process.env.CI),
);

/** Starts PgBouncer on a free port. Close it in `afterAll`. */
export async function openPooler({ connections, mode = 'transaction' }: PoolerOptions): Promise<Pooler> {
  const server = inject('testServer');
  if (path === undefined || server.kind === 'embedded') throw new Error('PgBouncer is not installed.');
  const target = new URL(server.superuserUrl);
  const folder = await mkdtemp(join(tmpdir(), 'tessera-pgbouncer-'));
  const port = await freePort();
  const isRoot = process.getuid?.() === 0;
  const settings = {
    listen_addr: '127.0.0.1',
    listen_port: port,
    unix_socket_dir: '',
    // It does not run as root, and logs in to the server as whoever its client is.
    ...(isRoot && { user: 'nobody' }),
    auth_type: 'scram-sha-256',
    auth_file: join(folder, 'users'),
    pool_mode: mode,
    default_pool_size: connections,
    max_client_conn: 500,
    query_wait_timeout: 20,
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
  const databases = `[databases]\n* = host=${target.hostname} port=${target.port || 5432}\n`;
  await writeFile(join(folder, 'pgbouncer.ini'), `${databases}[pgbouncer]\n${lines.join('\n')}\n`);
  await writeFile(
    join(folder, 'users'),
    ['tessera_gateway', 'tessera_worker_login'].map((role) => `"${role}" "tessera-test-only"\n`).join(''),
  );
  await chmod(folder, 0o755);
  const child = spawn(path, [join(folder, 'pgbouncer.ini')], { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  await started(child);
  return {
    through: (url) => {
      const changed = new URL(url);
      changed.hostname = '127.0.0.1';
      changed.port = `${port}`;
      return changed.href;
    },
    close: async () => {
      child.kill('SIGKILL');
      await ended;
      await rm(folder, { recursive: true });
    },
  };
}

function started(child: ChildProcess): Promise<void> {
  let output = '';
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`PgBouncer did not start: ${output}`)), patienceMs);
    child.once('close', () => reject(new Error(`PgBouncer ended: ${output}`)));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-10_000);
      if (!output.includes('process up')) return;
      clearTimeout(timer);
      resolve();
    });
  });
}

function freePort(): Promise<number> {
  const server = createServer();
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

function runs(program: string): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
