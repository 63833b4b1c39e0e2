import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

export interface SearchBoxOptions {
  /** 0 picks a free port. */
  readonly port: number;
  /** Tessera's endpoint, such as `http://127.0.0.1:4000/graphql`. */
  readonly gateway: string;
  /**
   * Whose documents are searched. A real application takes the signed-in user's; either way it stays on the server, and the
   * browser speaks to one origin only.
   */
  readonly token: string;
}

const file = (name: string) => fileURLToPath(new URL(`page/${name}`, import.meta.url));

/** Serves the page on this machine, bundled when it starts, and hands its requests on to Tessera with a token. */
export async function startSearchBox(
  options: SearchBoxOptions,
): Promise<{ readonly url: string; close(): Promise<void> }> {
  const html = readFileSync(file('index.html'));
  const { outputFiles } = await build({
    entryPoints: [file('search-box.tsx')],
    bundle: true,
    format: 'esm',
    jsx: 'automatic',
    minify: true,
    define: { 'process.env.NODE_ENV': '"production"' },
    write: false,
  });
  const assets = new Map([
    ['/', { type: 'text/html; charset=utf-8', body: html }],
    ['/search-box.js', { type: 'text/javascript; charset=utf-8', body: outputFiles[0]?.contents }],
  ]);
  const server = createServer((request, response) => {
    const asset = assets.get(request.url ?? '');
    if (asset) response.writeHead(200, { 'content-type': asset.type }).end(asset.body);
    else if (request.url === '/graphql' && request.method === 'POST') void handOn(request, response, options);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(options.port, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A request that the browser takes back is taken back here too, so that Tessera cancels it. */
async function handOn(request: IncomingMessage, response: ServerResponse, { gateway, token }: SearchBoxOptions) {
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  try {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const answer = await fetch(gateway, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: Buffer.concat(chunks),
      signal: gone.signal,
    });
    response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? 'application/json' });
    response.end(Buffer.from(await answer.arrayBuffer()));
  } catch {
    if (gone.signal.aborted) return;
    response.writeHead(502, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ errors: [{ message: `Tessera does not answer at ${gateway}.` }] }));
  }
}
