import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import type { Database } from '../../src/db/database.ts';
import { openPool } from '../../src/db/open-pool.ts';

/** A database at a port of this machine where nothing listens. */
export async function openUnreachableDatabase(): Promise<Database> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  const url = `postgres://tessera_gateway:secret-of-the-test@127.0.0.1:${port}/nowhere`;
  return openPool({ url, size: 2, statementTimeoutMs: 1_000, onIdleError: () => {} });
}
