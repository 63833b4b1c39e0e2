import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { StartupError } from '../errors.ts';
import type { Gateway } from './gateway.ts';

export interface Listening {
  /** Such as `http://127.0.0.1:4000`. */
  readonly url: string;
  /** Takes no new requests, waits for those in hand, then closes. */
  close(): Promise<void>;
}

/** How long requests in hand may take to finish when the server closes. */
const drainMs = 10_000;

/**
 * Serves the gateway over HTTP.
 * @throws {StartupError} when the address cannot be listened on.
 */
export async function listen(gateway: Gateway, { host, port }: { host: string; port: number }): Promise<Listening> {
  const server = createServer({ requestTimeout: 60_000, headersTimeout: 20_000 }, gateway);
  await bind(server, host, port);
  const { port: bound } = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    close: () => close(server),
  };
}

function bind(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const reason =
        error.code === 'EADDRINUSE' ? 'another program listens there already; set PORT to a free one' : error.message;
      reject(new StartupError(`Cannot listen on ${host} port ${port}: ${reason}.`, { cause: error }));
    });
    server.listen(port, host, resolve);
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const impatient = setTimeout(() => server.closeAllConnections(), drainMs);
    server.close(() => {
      clearTimeout(impatient);
      resolve();
    });
    server.closeIdleConnections();
  });
}
