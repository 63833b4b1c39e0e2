import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';
import { type Client, openClient } from '../support/operations.ts';

const near = 40;
const documents = Array.from({ length: 60 }, (_, index) => ({
  externalId: `d${index}`,
  collection: 'harbour',
  title: `Note ${index}`,
  body:
    index < near
      ? `Boats are moored at berth ${index} of the harbour.`
      : `Invoice ${index} was booked in the ledger of the year.`,
}));

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await openTestGateway();
});
afterAll(() => gateway.close());

async function openHarbour(tenant: string): Promise<Client> {
  const client = await openClient(gateway, tenant);
  await client.upsert(documents);
  await gateway.embedAll();
  await gateway.db.owner.query(
    `update documents set updated_at = now() - (random() * 900)::int * interval '1 day' where tenant_id = $1`,
    [tenant],
  );
  return client;
}

test.each<[string, object, number]>([
  ['diversity', { diversity: 0.5 }, 60],
  ['diversity and pages of passages', { diversity: 0.9, groupBy: 'CHUNK' }, 60],
  ['recency', { recency: { halfLifeDays: 90, weight: 0.5 } }, 60],
  ['a least score', { mode: 'SEMANTIC', minScore: 0.25 }, near],
  [
    'all of them',
    { mode: 'SEMANTIC', diversity: 0.4, recency: { halfLifeDays: 900, weight: 0.1 }, minScore: 0.2 },
    near,
  ],
])('pages with %s neither repeat nor skip while documents are added and deleted', async (name, change, count) => {
  const tenant = name.replaceAll(' ', '-');
  const client = await openHarbour(tenant);
  const input = { text: 'boats moored at the harbour', ...change };
  const all = await client.search(input, { first: 100 });
  expect(all.edges).toHaveLength(count);
  const wanted = new Set(all.edges.map(({ node }) => node.externalId as string));
  const seen: string[] = [];
  const scores: number[] = [];
  let pages = 0;
  for (let after: string | null = null; ; pages++) {
    const page = await client.search(input, { first: 10, after });
    seen.push(...page.edges.map(({ node }) => node.externalId as string));
    scores.push(...page.edges.map(({ score }) => score));
    if (!page.pageInfo.hasNextPage) break;
    expect(page.edges).toHaveLength(10);
    after = page.pageInfo.endCursor;
    await client.upsert([{ ...documents[pages]!, externalId: `new-${pages}` }]);
    const victim = documents.find(({ externalId }) => wanted.has(externalId) && !seen.includes(externalId));
    if (victim) {
      wanted.delete(victim.externalId);
      const id = (await client.documents({ externalId: { eq: victim.externalId } })).edges[0]!.node.id;
      expect(await client.delete([id])).toEqual([id]);
    }
    await gateway.embedAll();
  }
  expect(pages).toBeGreaterThanOrEqual(3);
  expect(new Set(seen).size).toBe(seen.length);
  expect([...wanted].filter((one) => !seen.includes(one))).toEqual([]);
  expect(seen.filter((one) => !one.startsWith('new-') && !wanted.has(one))).toEqual([]);
  const { minScore } = change as { minScore?: number };
  for (const score of scores) expect(score).toBeGreaterThanOrEqual(minScore ?? 0);
});
