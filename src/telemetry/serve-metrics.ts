import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';
import { StartupError } from '../errors.ts';

/** Where metrics are read. */
export interface MetricsServer {
  /** Such as `http://127.0.0.1:9464/metrics`. */
  readonly url: string;
  close(): Promise<void>;
}

export interface MetricsServerOptions {
  readonly host: string;
  /** 0 lets the system pick a free port. */
  readonly port: number;
  /** Told when the metrics could not be put together. */
  readonly onFailure: (error: unknown) => void;
}

/**
 * Serves a registry at `GET /metrics`, on an address and a port of its own: whoever may send requests to the API cannot
 * reach it there. Nothing else is answered.
 * @throws {StartupError} when the address cannot be listened on.
 */
export async function serveMetrics(registry: Registry, options: MetricsServerOptions): Promise<MetricsServer> {
  const { host, port, onFailure } = options;
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 10_000 }, (request, response) => {
    if (request.url?.replace(/\?.*$/s, '') !== '/metrics') return end(response, 404, 'Metrics are at /metrics.\n');
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD');
      return end(response, 405, 'Metrics can only be read: the methods GET and HEAD are allowed.\n');
    }
    registry.metrics().then(
      (text) => end(response, 200, text, registry.contentType),
      (error: unknown) => {
        onFailure(error);
        end(response, 500, 'The metrics could not be put together; the log has the reason.\n');
      },
    );
  });
  await bind(server, host, port);
  const { port: bound } = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}/metrics`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function end(response: ServerResponse, status: number, body: string, contentType = 'text/plain; charset=utf-8'): void {
  response.writeHead(status, { 'content-type': contentType, 'cache-control': 'no-store' }).end(body);
}

function bind(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const reason =
        error.code === 'EADDRINUSE'
          ? 'another program listens there already; set METRICS_PORT to a free one'
          : error.message;
      reject(new StartupError(`Cannot serve metrics on ${host} port ${port}: ${reason}.`, { cause: error }));
    });
    server.listen(port, host, resolve);
  });
}
