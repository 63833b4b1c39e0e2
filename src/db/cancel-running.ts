import { connect } from 'node:net';
import type pg from 'pg';

/** What `pg` knows of a connection and does not declare. */
interface OpenConnection {
  readonly host: string;
  readonly port: number;
  readonly processID: number;
  readonly secretKey: number;
}

/** First word of PostgreSQL's CancelRequest: 1234 and 5678 in two halves, which no protocol version is. */
const cancelRequest = 80_877_102;
/** A server that does not take the request is left alone; `statement_timeout` ends the statement. */
const patienceMs = 10_000;

/**
 * Asks the server to cancel what a connection is doing, by a connection of its own, so that it needs none of the pool. The
 * answer is the statement's failure. The request may arrive late and hit a later statement: the connection must not be used
 * again.
 */
export function cancelRunning(client: pg.PoolClient): void {
  const { host, port, processID, secretKey } = client as unknown as OpenConnection;
  const message = Buffer.alloc(16);
  for (const [index, word] of [message.length, cancelRequest, processID, secretKey].entries()) {
    message.writeInt32BE(word, 4 * index);
  }
  const socket = host.startsWith('/') ? connect(`${host}/.s.PGSQL.${port}`) : connect(port, host);
  socket.setTimeout(patienceMs, () => socket.destroy());
  socket.on('error', () => {});
  socket.resume().unref();
  // The server hangs up when it has taken the request, and a pooler when it has passed it on. Hanging up first, as would
  // seem the natural end, is an assertion failure to PgBouncer 1.18.0, Debian 12's, and takes every client down with it.
  socket.write(message);
}
