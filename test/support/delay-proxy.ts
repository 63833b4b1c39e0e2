import { connect, createServer, type Socket } from 'node:net';
import { setImmediate as immediate, setTimeout as wait } from 'node:timers/promises';

/** A slow link to a server, that counts. */
export interface DelayProxy {
  /** The given URL, by way of the link. */
  readonly url: string;
  /** Time that a byte takes there and back, without the server's own. */
  readonly roundTripMs: number;
  /** How often a client spoke after it had heard something, since the last call of this function. */
  takeRoundTrips(): number;
  close(): Promise<void>;
}

/** Puts a link of a given delay in each direction before the server that a URL names. */
export async function openDelayProxy(url: string, delayMs: number): Promise<DelayProxy> {
  const target = new URL(url);
  const sockets = new Set<Socket>();
  let roundTrips = 0;
  const server = createServer((near) => {
    const far = connect(Number(target.port), target.hostname);
    let heard = true;
    for (const socket of [near, far]) {
      socket.setNoDelay(true);
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => sockets.delete(socket));
    }
    near.on('data', () => {
      if (heard) roundTrips++;
      heard = false;
    });
    delayed(near, far, delayMs);
    delayed(far, near, delayMs, () => {
      heard = true;
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address() as { port: number };
  const slow = new URL(url);
  slow.hostname = '127.0.0.1';
  slow.port = String(address.port);
  return {
    url: slow.href,
    roundTripMs: 2 * delayMs,
    takeRoundTrips: () => {
      const taken = roundTrips;
      roundTrips = 0;
      return taken;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A timer may be late by a millisecond and more, so the last two are waited for with the clock in sight. */
const watchedMs = 2;

async function waitUntil(dueMs: number): Promise<void> {
  const untilMs = dueMs - watchedMs - performance.now();
  if (untilMs > 0) await wait(untilMs);
  while (performance.now() < dueMs) await immediate();
}

/** Passes on what arrives, in order, each piece as late as the link is long. */
function delayed(from: Socket, to: Socket, delayMs: number, onArrival: () => void = () => {}): void {
  let last: Promise<void> = Promise.resolve();
  const later = (action: () => void) => {
    const due = waitUntil(performance.now() + delayMs);
    const before = last;
    last = (async () => {
      await before;
      await due;
      action();
    })();
  };
  from.on('data', (piece) =>
    later(() => {
      onArrival();
      if (!to.destroyed) to.write(piece);
    }),
  );
  from.on('end', () => later(() => to.end()));
  from.on('close', () => later(() => to.destroy()));
}
