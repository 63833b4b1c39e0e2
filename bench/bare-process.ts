/**
 * The least that answers searches over HTTP: `node:http` and `pg`, no token, no GraphQL, no tenant's limits. It sends the
 * gateway's own SQL, made in advance, as the gateway sends it.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { openPool } from '../src/db/open-pool.ts';
import { serveParent } from './bench-child.ts';
import { type RawSearch, sendRaw } from './raw-search.ts';

const [{ databaseUrl, connections, searches }] = (await once(process, 'message')) as [
  { readonly databaseUrl: string; readonly connections: number; readonly searches: readonly RawSearch[] },
];
const { pool, close } = await openPool({
  url: databaseUrl,
  size: connections,
  statementTimeoutMs: 10_000,
  onIdleError: () => {},
});
const server = createServer(async (request, response) => {
  const { index } = JSON.parse(await readBody(request)) as { readonly index: number };
  const rows = await sendRaw(pool, searches[index] as RawSearch);
  const edges = rows.slice(0, 10).map(({ score, title, chunkId, text }) => {
    return { score, node: { title, chunk: { id: chunkId, text } } };
  });
  const body = JSON.stringify({ data: { search: { edges } } });
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
  response.end(body);
});
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  serveParent(`http://127.0.0.1:${port}`, async () => {
    server.close();
    server.closeAllConnections();
    await close();
  });
});

function readBody(request: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => resolve(Buffer.concat(parts).toString('utf8')));
    request.on('error', reject);
  });
}
