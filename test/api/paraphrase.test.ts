import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { demoTenants, loadDemoData, readDemoDocuments, readDemoExamples } from '../../src/cli/demo-data.ts';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';
import { type Client, externalIds, openClient } from '../support/operations.ts';

interface Question {
  readonly tenant: string;
  readonly question: string;
  /** External id of the document that answers it. */
  readonly answer: string;
}

const questions: readonly Question[] = JSON.parse(
  await readFile(new URL('../../demo/questions.json', import.meta.url), 'utf8'),
);

let gateway: TestGateway;
const clients = new Map<string, Client>();

beforeAll(async () => {
  gateway = await openTestGateway();
  await loadDemoData(gateway.deps, gateway.workerDeps);
  for (const tenant of demoTenants) clients.set(tenant, await openClient(gateway, tenant));
});
afterAll(() => gateway.close());

/** Place of the answer among the hits of the default search, from 1; 0 where it is not among the first ten. */
async function rankOf({ tenant, question, answer }: Question): Promise<number> {
  return 1 + externalIds(await clients.get(tenant)!.search({ text: question })).indexOf(answer);
}

describe('the demo', () => {
  test('has at least forty documents for each of three tenants, all of them embedded', async () => {
    expect(demoTenants).toHaveLength(3);
    for (const client of clients.values()) {
      const { tenant } = await client.query<{ tenant: { documents: number; pendingChunks: number } }>(
        '{ tenant { documents pendingChunks } }',
      );
      expect(tenant.documents).toBeGreaterThanOrEqual(40);
      expect(tenant.pendingChunks).toBe(0);
    }
  });

  test('is loaded once: what was changed or deleted since stays so', async () => {
    const [tenant] = demoTenants;
    const client = clients.get(tenant!)!;
    const [{ node } = { node: undefined }] = (await client.documents(undefined, { first: 1 })).edges;
    await client.delete([node!.id]);
    expect(await loadDemoData(gateway.deps, gateway.workerDeps)).toBe(0);
    expect(externalIds(await client.documents({ externalId: { eq: node!.externalId } }))).toEqual([]);
    const documents = await readDemoDocuments(tenant!);
    await client.upsert(documents.filter(({ externalId }) => externalId === node!.externalId));
    await gateway.embedAll();
  });

  test('has external ids that several tenants have, and each sees its own', async () => {
    const lists = await Promise.all(
      demoTenants.map(async (tenant) => (await readDemoDocuments(tenant)).map(({ externalId }) => externalId!)),
    );
    const [shared] = lists[0]!.filter((id) => lists.every((list) => list.includes(id)));
    expect(shared).toBeDefined();
    const titles = await Promise.all(
      [...clients.values()].map(async (client) =>
        (await client.documents({ externalId: { eq: shared } })).edges.map(({ node }) => node.title),
      ),
    );
    expect(titles.map((found) => found.length)).toEqual([1, 1, 1]);
  });
});

describe('a question', () => {
  test('is asked at least twenty times, of every tenant and of many documents', () => {
    expect(questions.length).toBeGreaterThanOrEqual(20);
    expect(new Set(questions.map(({ tenant }) => tenant))).toEqual(new Set(demoTenants));
    expect(new Set(questions.map(({ tenant, answer }) => `${tenant} ${answer}`)).size).toBeGreaterThanOrEqual(20);
    expect(new Set(questions.map(({ question }) => question)).size).toBe(questions.length);
  });

  test.each(questions)(
    'shares no word with its answer, as PostgreSQL counts words: $question',
    async ({ tenant, question, answer }) => {
      const { rows } = await gateway.db.owner.query<{ asked: string[]; shared: string[] }>(
        `select tsvector_to_array(to_tsvector('english', $3)) as asked,
         array(select unnest(tsvector_to_array(to_tsvector('english', $3)))
               intersect select unnest(tsvector_to_array(to_tsvector('english', d.title || E'\\n' || d.body)))) as shared
       from documents d where d.tenant_id = $1 and d.external_id = $2`,
        [tenant, answer, question],
      );
      expect(rows).toEqual([{ asked: expect.arrayContaining([expect.any(String)]), shared: [] }]);
    },
  );

  test('has its answer among the first three hits, for sixteen of the first twenty and four fifths of all', async () => {
    const ranks = await Promise.all(questions.map(rankOf));
    const isHit = (rank: number) => rank >= 1 && rank <= 3;
    const hits = ranks.filter(isHit).length;
    const ofTwenty = ranks.slice(0, 20).filter(isHit).length;
    const first = ranks.filter((rank) => rank === 1).length;
    process.stdout.write(
      `Paraphrases: ${hits} of ${questions.length} answers among the first three hits (${first} first), ${ofTwenty} of the first twenty.\n`,
    );
    const missed = questions
      .filter((_, i) => !isHit(ranks[i]!))
      .map(({ question, answer }) => `${question} -> ${answer}`);
    expect(ofTwenty, missed.join('\n')).toBeGreaterThanOrEqual(16);
    expect(hits / questions.length, missed.join('\n')).toBeGreaterThanOrEqual(0.8);
  });

  test('finds nothing by its words alone that answers it: meaning does the work', async () => {
    for (const { tenant, question, answer } of questions) {
      const { edges } = await clients.get(tenant)!.search({ text: question, mode: 'KEYWORD' }, { first: 100 });
      expect(externalIds({ edges })).not.toContain(answer);
    }
  });

  test('of another tenant never gets the document', async () => {
    for (const { tenant, question, answer } of questions) {
      const own = await clients.get(tenant)!.documents({ externalId: { eq: answer } });
      const ids = own.edges.map(({ node }) => node.id);
      expect(ids).toHaveLength(1);
      for (const [other, client] of clients) {
        if (other === tenant) continue;
        const { edges } = await client.search({ text: question, candidates: 1_000 }, { first: 100 });
        expect(edges.length).toBeGreaterThan(0);
        expect(edges.map(({ node }) => node.id)).not.toContain(ids[0]);
        const direct = await client.query('query($id: ID!) { document(id: $id) { id } node(id: $id) { id } }', {
          id: ids[0],
        });
        expect(direct).toEqual({ document: null, node: null });
      }
    }
  });
});

test('every worked example has its answer first', async () => {
  for (const { tenant, query, answer } of await readDemoExamples()) {
    expect([query, await rankOf({ tenant, question: query, answer })]).toEqual([query, 1]);
  }
});
