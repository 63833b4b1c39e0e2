import type { GatewayChild } from './gateway-child.ts';
import { type LoadConnection, prepareRequest } from './http-load.ts';
import type { Question } from './questions.ts';

/** Ten hits with title and passage: what an application asks for. */
export const searchQuery = `query Search($input: SearchInput!) {
  search(input: $input, first: 10) {
    ... on SearchConnection { edges { score node { title } chunk { id text } } }
    ... on Error { code message }
  }
}`;

export type Mode = 'SEMANTIC' | 'KEYWORD';

/** A search by a question's text, as a client would send it. */
export async function searchRequest(
  gateway: GatewayChild,
  { tenantId, text }: Question,
  mode: Mode,
  groupBy: 'DOCUMENT' | 'CHUNK' = 'DOCUMENT',
): Promise<Buffer> {
  const input = { text, mode, groupBy };
  return prepareRequest(gateway.url, await gateway.tokenFor(tenantId), { query: searchQuery, variables: { input } });
}

/** Sends a search and reads its hits. @throws when it did not succeed. */
export async function searchHits(connection: LoadConnection, request: Buffer): Promise<string[]> {
  const answer = readAnswer(await connection.send(request));
  const edges = answer.data?.search?.edges;
  if (!edges) throw new Error(`The search failed: ${JSON.stringify(answer).slice(0, 500)}`);
  return edges.map(({ chunk }) => Buffer.from(chunk.id, 'base64').toString().replace('Chunk:', ''));
}

interface Answer {
  readonly data?: { readonly search?: { readonly edges?: readonly { readonly chunk: { readonly id: string } }[] } };
}

function readAnswer(body: Buffer): Answer {
  const text = body.toString('utf8');
  return JSON.parse(text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1)) as Answer;
}
