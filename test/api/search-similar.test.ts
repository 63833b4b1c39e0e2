import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { normaliseVector } from '../../src/vector.ts';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';
import { type Client, externalIds, openClient } from '../support/operations.ts';
import { readVectors } from '../support/stored-vectors.ts';

const paragraphs = ['The boiler is off.', 'Press the red button.', 'Wait for hot water.', 'Call the janitor.'];
const stored = 12;

interface Neighbours {
  readonly similar: { readonly edges: readonly { readonly score: number; readonly node: { readonly id: string } }[] };
}

describe('documents like one, whose vector the search reads itself', () => {
  let gateway: TestGateway;
  let client: Client;
  let ids: Map<string | null, string>;
  beforeAll(async () => {
    gateway = await openTestGateway();
    client = await openClient(gateway, 'alpha');
    await client.upsert(
      Array.from({ length: stored }, (_, index) => ({
        externalId: `d${index}`,
        collection: 'help',
        title: `House ${index}`,
        body: paragraphs
          .slice(0, 1 + (index % 4))
          .map((text) => `## Part\n\n${`${text} In house ${index}. `.repeat(30)}`)
          .join('\n\n'),
      })),
    );
    await gateway.embedAll();
    const { edges } = await client.documents({}, { first: 100 });
    ids = new Map(edges.map(({ node }) => [node.externalId, node.id]));
  });
  afterAll(() => gateway.close());

  /** The mean of a document's passages, of unit length, as this process computes it. */
  const meanOf = async (externalId: string): Promise<number[]> => {
    const { rows } = await gateway.db.owner.query<{ id: string }>(
      'select c.id from chunks c join documents d on d.id = c.document_id where d.external_id = $1',
      [externalId],
    );
    const own = new Set(rows.map(({ id }) => id));
    const vectors = (await readVectors(gateway.db.owner, 'alpha')).filter(({ chunkId }) => own.has(chunkId));
    expect(vectors.length).toBeGreaterThan(1);
    const sum = vectors[0]!.full.map((_, at) => vectors.reduce((rest, { full }) => rest + full[at]!, 0));
    return [...normaliseVector(sum)];
  };

  test.each([['BALANCED'], ['EXACT']] as const)(
    'are those near to the mean of its passages, without itself: %s',
    async (profile) => {
      const recall = { profile };
      const similarTo = ids.get('d3')! as never;
      const found = await client.search({ similarTo, recall }, { first: stored });
      const near = await client.search({ vector: await meanOf('d3'), recall }, { first: stored });
      expect(externalIds(found)).toEqual(externalIds(near).filter((id) => id !== 'd3'));
      expect(found.edges).toHaveLength(stored - 1);
      const scores = near.edges.filter(({ node }) => node.externalId !== 'd3').map(({ score }) => score);
      for (const [at, { score }] of found.edges.entries()) expect(score).toBeCloseTo(scores[at]!, 5);
    },
  );

  test('come in pages that neither repeat nor skip', async () => {
    const similarTo = ids.get('d3')! as never;
    const whole = externalIds(await client.search({ similarTo }, { first: stored }));
    const first = await client.search({ similarTo }, { first: 4 });
    const second = await client.search({ similarTo }, { first: stored, after: first.pageInfo.endCursor });
    expect([...externalIds(first), ...externalIds(second)]).toEqual(whole);
  });

  test('have passages in the order of their nearness', async () => {
    const { search } = await client.query<{
      search: { edges: { chunk: { id: string }; passages: { id: string }[] }[] };
    }>(
      'query($input: SearchInput!) { search(input: $input, first: 5) { ... on SearchConnection { edges { chunk { id } passages(first: 10) { id } } } } }',
      { input: { similarTo: ids.get('d3') } },
    );
    for (const { chunk, passages } of search.edges) expect(passages[0]?.id).toBe(chunk.id);
    expect(search.edges.some(({ passages }) => passages.length > 1)).toBe(true);
  });

  test('are null for a document that waits for its vector, and there for the others of the request', async () => {
    const [waiting] = await client.upsert([
      { externalId: 'new', collection: 'fresh', title: 'New', body: 'Hot water.' },
    ]);
    const { documents } = await client.query<{ documents: { edges: { node: Neighbours & { id: string } }[] } }>(
      '{ documents(first: 100) { edges { node { id similar(first: 3) { edges { score node { id } } } } } } }',
    );
    const [fresh, others] = [true, false].map((is) =>
      documents.edges.filter(({ node }) => (node.id === waiting!.id) === is).map(({ node }) => node.similar),
    );
    expect(fresh).toEqual([null]);
    expect(others).toHaveLength(stored);
    for (const similar of others!) expect(similar.edges).toHaveLength(3);
    await client.delete([waiting!.id]);
  });

  test('are explained: the rank of a document among them, and each stage by its own time', async () => {
    const input = { similarTo: ids.get('d3') };
    const explanation = await client.query<{
      explainMissing: { reason: string; rank: number };
      search: { explain: { executionMs: number; stages: { name: string; in: number; out: number; ms: number }[] } };
    }>(
      `query($id: ID!, $input: SearchInput!) {
        explainMissing(documentId: $id, input: $input, first: 100) { ... on MissingExplanation { reason rank trueCoarseRank } }
        search(input: $input) { ... on SearchConnection { explain { executionMs stages { name in out ms } } } }
      }`,
      { id: ids.get('d7'), input },
    );
    expect(explanation.explainMissing).toMatchObject({ reason: 'FOUND', rank: expect.any(Number) });
    const { stages, executionMs } = explanation.search.explain;
    expect(stages.map(({ name }) => name)).toEqual(expect.arrayContaining(['example', 'candidates', 'semantic']));
    expect(stages.reduce((sum, { ms }) => sum + ms, 0)).toBeLessThanOrEqual(executionMs);
  });
});
