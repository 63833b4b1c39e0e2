import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** An embedding provider on this machine, which knows the vectors of the questions in advance. */
export interface EmbeddingServer {
  /** Up to its version, as `EMBEDDING_BASE_URL` wants it. */
  readonly url: string;
  learn(text: string, vector: Float32Array): void;
  close(): void;
}

/** Speaks OpenAI's `/embeddings`, with vectors in base64. */
export async function openEmbeddingServer(): Promise<EmbeddingServer> {
  const known = new Map<string, string>();
  const server = createServer((request, response) => {
    answer(request, known).then(
      (body) => response.writeHead(200, { 'content-type': 'application/json' }).end(body),
      () => response.writeHead(500).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    learn: (question, vector) => known.set(question, Buffer.from(vector.buffer).toString('base64')),
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function answer(request: IncomingMessage, known: ReadonlyMap<string, string>): Promise<string> {
  const { input } = JSON.parse(await text(request)) as { input: string[] };
  const data = input.map((question, index) => ({ object: 'embedding', index, embedding: known.get(question) }));
  return JSON.stringify({ object: 'list', data, usage: { prompt_tokens: 1, total_tokens: 1 } });
}
