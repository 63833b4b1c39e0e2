import { expect } from 'vitest';
import type { TestGateway } from './gateway.ts';
import { type Answer, dataOf } from './graphql-answer.ts';
import { type Client, openClient, type UpsertInput } from './operations.ts';

/** One of two tenants whose documents can hardly be told apart. */
export interface LookAlike {
  readonly tenant: string;
  /** A word that is in every document of this tenant and in none of the other's. */
  readonly marker: string;
  readonly client: Client;
  /** Global ids of its documents, by external id. */
  readonly ids: ReadonlyMap<string, string>;
  /** Everything that tells this tenant from the other: its marker, its name and all of its ids, global and bare. */
  readonly traces: readonly string[];
  readonly documents: number;
  readonly chunks: number;
  readonly chunkId: string;
  /** Global id of an API key of its own. */
  readonly apiKeyId: string;
  /** Global id of a job of its own. */
  readonly jobId: string;
  /** Cursor of a page of its own. */
  readonly listCursor: string;
  readonly searchCursor: string;
  /** Of a question that the boiler's document answers; the same for both. */
  readonly vector: readonly number[];
}

const topics: readonly (readonly [externalId: string, title: string, body: string])[] = [
  ['boiler', 'No hot water', 'When the shower runs cold, press the red button on the boiler and wait an hour.'],
  ['parking', 'Where to park', 'Leave the car behind the house. The barrier opens with your room card.'],
  ['breakfast', 'Breakfast', 'Bread, eggs and fruit from seven to ten. Tell the kitchen about allergies.'],
  ['pets', 'Dogs and cats', 'Animals are welcome on the ground floor and sleep in a basket.'],
  ['wifi', 'Wireless network', 'The password is on the card by the telephone. It works in the garden too.'],
  ['bus', 'The bus to town', 'It leaves at the front door every hour; the last one is at eleven.'],
  ['sauna', 'Sauna', 'Open until ten. Towels lie in the basket by the door.'],
  ['keys', 'Lost keys', 'The night porter opens your room and makes a new card.'],
  ['bill', 'Paying', 'Cash, card or bank transfer. The bill is ready at eight in the morning.'],
];

/** Opens two tenants with look-alike documents, the second with fewer of them, so that counts tell them apart. */
export async function openLookAlikes(gateway: TestGateway): Promise<[LookAlike, LookAlike]> {
  const north = await openLookAlike(gateway, 'north', 'zephyr', topics);
  const south = await openLookAlike(gateway, 'south', 'quartz', topics.slice(0, 7));
  return [north, south];
}

async function openLookAlike(
  gateway: TestGateway,
  tenant: string,
  marker: string,
  own: typeof topics,
): Promise<LookAlike> {
  const client = await openClient(gateway, tenant);
  const inputs = own.map(([externalId, title, body], index): UpsertInput => {
    const collection = index === 0 ? `${marker}-rules` : index % 2 ? 'rooms' : 'service';
    return { externalId, collection, title, body: `${body} Ask for the ${marker} desk.`, metadata: { floor: index } };
  });
  const stored = await client.upsert(inputs);
  await gateway.embedAll();
  const { rows } = await gateway.db.owner.query<{ id: string; document_id: string }>(
    'select id, document_id from chunks where tenant_id = $1',
    [tenant],
  );
  const chunkIds = rows.map(({ id }) => globalId('Chunk', id));
  const { createApiKey } = dataOf(
    await gateway.graphql<{ createApiKey: { apiKey: { id: string; prefix: string } } }>(
      client.token,
      `mutation { createApiKey(input: { name: "key of ${marker}", scopes: ["search"] }) { apiKey { id prefix } } }`,
    ),
  );
  const { id: apiKeyId, prefix } = createApiKey.apiKey;
  const { jobs } = await client.query<{ jobs: { id: string }[] }>('{ jobs { id } }');
  const list = await client.documents(undefined, { first: 2 });
  const hits = await client.search({ text: 'hot water' }, { first: 2 });
  const [vector] = await gateway.deps.embedder.embed(['the shower runs cold'], { purpose: 'query' });
  return {
    tenant,
    marker,
    client,
    ids: new Map(stored.map(({ id }, index) => [own[index]![0], id])),
    traces: [
      tenant,
      marker,
      ...stored.map(({ id }) => id),
      ...rows.flatMap((row) => [row.id, row.document_id]),
      ...chunkIds,
      apiKeyId,
      prefix,
      ...jobs.map(({ id }) => id),
    ],
    documents: stored.length,
    chunks: rows.length,
    chunkId: chunkIds[0]!,
    apiKeyId,
    jobId: jobs[0]!.id,
    listCursor: list.pageInfo.endCursor!,
    searchCursor: hits.pageInfo.endCursor!,
    vector: [...vector!],
  };
}

export function globalId(type: string, id: string): string {
  return Buffer.from(`${type}:${id}`).toString('base64');
}

/** Checks that nothing in an answer, errors included, comes from a tenant. */
export function expectNothingOf({ traces }: LookAlike, answer: Answer): void {
  for (const trace of traces) {
    if (answer.text.includes(trace))
      expect.fail(`An answer holds ${trace} of another tenant: ${answer.text.slice(0, 500)}`);
  }
}
