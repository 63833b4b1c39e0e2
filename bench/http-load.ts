import { connect, type Socket } from 'node:net';

/** A kept-alive HTTP/1.1 connection that sends prepared requests and reads answers, with as little work as it takes. */
export interface LoadConnection {
  /** @throws when the status is not 200. */
  send(request: Buffer): Promise<Buffer>;
  close(): void;
}

/** A POST of JSON, ready to be sent. */
export function prepareRequest(url: string, token: string, body: object): Buffer {
  const { host } = new URL(url);
  const content = Buffer.from(JSON.stringify(body));
  const head = [
    'POST /graphql HTTP/1.1',
    `host: ${host}`,
    'content-type: application/json',
    'accept: application/json',
    `authorization: Bearer ${token}`,
    `content-length: ${content.length}`,
  ];
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), content]);
}

/** Connects when there is something to send; a server closes connections that were idle for some seconds. */
export function openLoadConnection(url: string): LoadConnection {
  const { hostname, port } = new URL(url);
  let socket: Socket | undefined;
  return {
    async send(request) {
      if (!socket || socket.destroyed || !socket.writable) {
        socket = connect(Number(port), hostname);
        socket.setNoDelay(true);
      }
      return exchange(socket, request);
    },
    close: () => socket?.destroy(),
  };
}

function exchange(socket: Socket, request: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let answer: Buffer | undefined;
    const end = () => {
      socket.off('data', onData).off('close', onClose).off('error', onClose);
    };
    const onClose = () => {
      end();
      reject(new Error('The gateway closed the connection.'));
    };
    const onData = (piece: Buffer) => {
      answer = answer ? Buffer.concat([answer, piece]) : piece;
      const body = readBody(answer);
      if (!body) return;
      end();
      if (answer.toString('latin1', 9, 12) === '200') resolve(body);
      else reject(new Error(`The gateway answered ${answer.toString('utf8').slice(0, 600)}`));
    };
    socket.on('data', onData).on('close', onClose).on('error', onClose);
    socket.write(request);
  });
}

/** The body once all of it is there, with its chunk sizes where it came in chunks. */
function readBody(answer: Buffer): Buffer | undefined {
  const start = answer.indexOf('\r\n\r\n') + 4;
  if (start < 4) return undefined;
  const length = /\r\ncontent-length: (\d+)/i.exec(answer.toString('latin1', 0, start))?.[1];
  if (length !== undefined) {
    const end = start + Number(length);
    return answer.length >= end ? answer.subarray(start, end) : undefined;
  }
  return answer.subarray(-5).equals(lastChunk) ? answer.subarray(start) : undefined;
}

const lastChunk = Buffer.from('0\r\n\r\n');

/** How a load went. */
export interface LoadResult {
  /** Answers a second. */
  readonly perSecond: number;
  readonly latenciesMs: readonly number[];
}

/** Does a number of things, several at a time, each of the workers one after the other. */
export async function runLoad(
  workers: readonly ((index: number) => Promise<unknown>)[],
  count: number,
): Promise<LoadResult> {
  const latenciesMs: number[] = [];
  let next = 0;
  const started = performance.now();
  await Promise.all(
    workers.map(async (work) => {
      for (let index = next++; index < count; index = next++) {
        const sent = performance.now();
        await work(index);
        latenciesMs.push(performance.now() - sent);
      }
    }),
  );
  return { perSecond: (1_000 * count) / (performance.now() - started), latenciesMs };
}
