/** One tenant at full load, from a process of its own so that it does not slow down whoever measures. */
import { type LoadConnection, openLoadConnection } from './http-load.ts';

/** What the parent sends: what to send, how many at a time. */
export interface NoiseOrder {
  readonly url: string;
  /** Requests as they go over the wire, in base64. */
  readonly requests: readonly string[];
  readonly concurrency: number;
}

let isLoud = false;
let done: Promise<unknown> = Promise.resolve();
let answered = 0;
let connections: LoadConnection[] = [];

async function makeNoise(connection: LoadConnection, requests: readonly Buffer[], first: number): Promise<void> {
  for (let index = first; isLoud; index++) {
    // A server that is overloaded refuses some; those are no searches.
    const isAnswered = await connection.send(requests[index % requests.length] as Buffer).then(
      () => true,
      () => false,
    );
    if (isAnswered) answered++;
  }
}

process.on('message', async (order: NoiseOrder | 'stop') => {
  if (order === 'stop') {
    isLoud = false;
    await done;
    for (const connection of connections) connection.close();
    process.send?.({ answered });
    return;
  }
  const requests = order.requests.map((text) => Buffer.from(text, 'base64'));
  isLoud = true;
  answered = 0;
  connections = Array.from({ length: order.concurrency }, () => openLoadConnection(order.url));
  done = Promise.all(connections.map((connection, index) => makeNoise(connection, requests, index * 7)));
});
