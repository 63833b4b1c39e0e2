import { connect, createServer, type Socket } from 'node:net';

/** A link to a server that breaks at the worst moment. */
export interface CuttingProxy {
  /** The given URL, by way of the link. */
  readonly url: string;
  close(): Promise<void>;
}

/** Passes everything on, but cuts a connection when the server answers what held `text`: it was done, and nobody hears of it. */
export async function openCuttingProxy(url: string, text: string): Promise<CuttingProxy> {
  const target = new URL(url);
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(Number(target.port), target.hostname);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        near.destroy();
        far.destroy();
        sockets.delete(socket);
      });
    }
    let isLast = false;
    near.on('data', (bytes) => {
      isLast ||= bytes.includes(text);
      far.write(bytes);
    });
    far.on('data', (bytes) => {
      if (isLast) near.destroy();
      else near.write(bytes);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const cut = new URL(url);
  cut.host = `127.0.0.1:${port}`;
  return {
    url: cut.href,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
