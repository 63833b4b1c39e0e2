import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { demoTenants, readDemoDocuments } from '../../src/cli/demo-data.ts';
import { innerProduct } from '../../src/vector.ts';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';
import { dataOf } from '../support/graphql-answer.ts';

interface Found {
  readonly __typename: string;
  readonly code?: string;
  readonly edges: readonly {
    readonly cursor: string;
    readonly score: number;
    readonly scores: { readonly vector: number | null; readonly keyword: number | null };
    readonly node: { readonly id: string; readonly externalId: string };
    readonly chunk: { readonly id: string; readonly text: string };
    readonly passages?: readonly { readonly id: string; readonly ordinal: number }[];
    readonly highlights?: readonly { readonly start: number; readonly end: number }[];
    readonly freshness?: {
      readonly embeddedAt: string | null;
      readonly sourceVersion: number;
      readonly stale: boolean;
    };
  }[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  readonly recall: { readonly exact: boolean; readonly candidates: number | null } | null;
  readonly explain?: {
    readonly strategy: string;
    readonly settings: Readonly<Record<string, number | null>>;
    readonly stages: readonly { readonly name: string; readonly in: number; readonly out: number }[];
    readonly plan: readonly string[];
  };
}

const [tenant = ''] = demoTenants;
const edges = 'edges { cursor score scores { vector keyword } node { id externalId } chunk { id text }';

describe('the retrieval engine', () => {
  let api: TestGateway;
  let token: string;

  beforeAll(async () => {
    api = await openTestGateway();
    for (const each of demoTenants) await api.upsert(each, await readDemoDocuments(each));
    await api.embedAll();
    token = await api.tokenFor(tenant);
  });
  afterAll(() => api.close());

  async function search(
    input: object,
    options: { first?: number; after?: string | null; extra?: string; perEdge?: string } = {},
  ): Promise<Found> {
    const query = `query($input: SearchInput!, $first: Int, $after: String) { search(input: $input, first: $first, after: $after) {
      __typename ... on SearchConnection { ${edges} ${options.perEdge ?? ''} } pageInfo { hasNextPage endCursor } recall { exact candidates } ${options.extra ?? ''} }
      ... on Error { code } } }`;
    const { first = 10, after = null } = options;
    return dataOf(await api.graphql<{ search: Found }>(token, query, { input, first, after })).search;
  }
  const names = (found: Found) => found.edges.map(({ node }) => node.externalId);
  const vectorOf = async (text: string) => {
    const [vector] = await api.deps.embedder.embed([text], { purpose: 'query' });
    return vector!;
  };

  describe('by example', () => {
    it('finds documents like a document, and not the document itself', async () => {
      const [source] = (await search({ text: 'parking a car' })).edges;
      const found = await search({ similarTo: source!.node.id });
      expect(found.edges).toHaveLength(10);
      expect(names(found)).not.toContain(source!.node.externalId);
    });

    it('finds passages like a passage', async () => {
      const [source] = (await search({ text: 'breakfast' })).edges;
      const found = await search({ similarTo: source!.chunk.id, groupBy: 'CHUNK' });
      expect(found.edges.map(({ chunk }) => chunk.id)).not.toContain(source!.chunk.id);
    });

    it('moves away from negative examples', async () => {
      const [source] = (await search({ text: 'food allergies' })).edges;
      const [first, second] = (await search({ similarTo: source!.node.id }, { first: 2 })).edges;
      const without = await search({ recommend: { positive: [source!.node.id], negative: [first!.node.id] } });
      expect(names(without)).not.toContain(first!.node.externalId);
      expect(second).toBeDefined();
    });

    it('answers NOT_FOUND alike for a document of another tenant and for one of nobody', async () => {
      const other = await api.tokenFor(demoTenants[1]!);
      const foreign = dataOf(
        await api.graphql<{ documents: { edges: { node: { id: string } }[] } }>(
          other,
          '{ documents(first: 1) { edges { node { id } } } }',
        ),
      ).documents.edges[0]!.node.id;
      const nobody = Buffer.from('Document:01890000-0000-7000-8000-000000000001').toString('base64');
      for (const similarTo of [foreign, nobody]) {
        expect(await search({ similarTo })).toMatchObject({ __typename: 'ExampleNotFoundError', code: 'NOT_FOUND' });
      }
    });

    it('gives Document.similar', async () => {
      const query = '{ documents(first: 2) { edges { node { id similar(first: 3) { edges { node { id } } } } } } }';
      const { documents } = dataOf(
        await api.graphql<{
          documents: { edges: { node: { id: string; similar: { edges: { node: { id: string } }[] } } }[] };
        }>(token, query),
      );
      for (const { node } of documents.edges) {
        expect(node.similar.edges).toHaveLength(3);
        expect(node.similar.edges.map((edge) => edge.node.id)).not.toContain(node.id);
      }
    });
  });

  it('takes a vector as base64 and as a list, with the same answer', async () => {
    const vector = await vectorOf('lost luggage');
    const base64 = Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString('base64');
    const listed = await search({ vector: [...vector] });
    expect(names(await search({ vectorBase64: base64 }))).toEqual(names(listed));
  });

  it('is truly exact with EXACT: the ranking is that of every stored vector at full precision', async () => {
    const query = await vectorOf('can I bring my dog');
    const { rows } = await api.db.owner.query<{ external_id: string; vector: string }>(
      `select d.external_id, e.full_vector::text as vector from tessera.embeddings e
       join tessera.documents d on d.tenant_id = e.tenant_id and d.id = e.document_id where e.tenant_id = $1`,
      [tenant],
    );
    const best = new Map<string, number>();
    for (const { external_id: name, vector } of rows) {
      const score = innerProduct(query, Float32Array.from(JSON.parse(vector) as number[]));
      best.set(name, Math.max(best.get(name) ?? -1, score));
    }
    const expected = [...best].sort((a, b) => b[1] - a[1]).map(([name]) => name);
    const found = await search(
      { text: 'can I bring my dog', mode: 'SEMANTIC', recall: { profile: 'EXACT' } },
      { first: 100 },
    );
    expect(found.recall).toEqual({ exact: true, candidates: null });
    expect(names(found)).toEqual(expected);
  });

  it('groups by passage where asked, and a document may then come twice', async () => {
    const found = await search({ text: 'housekeeping standards of the room', groupBy: 'CHUNK' }, { first: 50 });
    expect(new Set(found.edges.map(({ chunk }) => chunk.id)).size).toBe(found.edges.length);
    expect(new Set(names(found)).size).toBeLessThan(found.edges.length);
  });

  it('gives the best passages of a document, best first and no more than asked for', async () => {
    const found = await search({ text: 'changing the bed linen' }, { perEdge: 'passages(first: 2) { id ordinal }' });
    for (const edge of found.edges) expect(edge.passages!.length).toBeLessThanOrEqual(2);
    expect(found.edges[0]!.passages![0]!.id).toBe(found.edges[0]!.chunk.id);
  });

  it('marks the words of the query where they stand, in whatever form', async () => {
    const found = await search({ text: 'guests parking', mode: 'KEYWORD' }, { perEdge: 'highlights { start end }' });
    const [{ chunk, highlights } = { chunk: { text: '' }, highlights: [] }] = found.edges;
    const marked = highlights!.map(({ start, end }) => chunk.text.slice(start, end).toLowerCase());
    expect(marked.length).toBeGreaterThan(0);
    for (const word of marked) expect(word).toMatch(/^(guest|park)/);
  });

  it('says of every hit when it was embedded and from which version', async () => {
    const found = await search({ text: 'sauna' }, { perEdge: 'freshness { embeddedAt sourceVersion stale }' });
    for (const { freshness } of found.edges) {
      expect(freshness).toMatchObject({ sourceVersion: 1, stale: false });
      expect(Date.parse(freshness!.embeddedAt!)).not.toBeNaN();
    }
  });

  it('explains how it went, by stage and by plan', async () => {
    const extra =
      'underfilled underfilledReason explain { strategy stages { name in out ms } settings { candidates efSearch maxScanTuples filteredPassages } plan }';
    const { explain, ...found } = await search({ text: 'ski room' }, { extra });
    expect(found).toMatchObject({ underfilled: false, underfilledReason: null });
    expect(explain!.strategy).toBe('HYBRID, two stages over the covering index, 100 candidates, words in every chunk');
    expect(explain!.settings).toEqual({ candidates: 100, efSearch: null, maxScanTuples: null, filteredPassages: null });
    expect(explain!.stages.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['candidates', 'semantic', 'keyword_chunks', 'keyword', 'fused', 'page']),
    );
    const candidates = explain!.stages.find(({ name }) => name === 'candidates')!;
    expect(candidates.in).toBeGreaterThanOrEqual(candidates.out);
    expect(explain!.stages.find(({ name }) => name === 'semantic')!.in).toBe(candidates.out);
    expect(explain!.plan.join('\n')).toContain('embeddings');
  });

  describe('fusion', () => {
    it('of weight on one half only gives the ranking of that half', async () => {
      const text = 'lost key card at night';
      const semantic = await search({ text, mode: 'SEMANTIC' });
      const fused = await search({ text, fusion: { keywordWeight: 0, semanticWeight: 1 } });
      expect(names(fused)).toEqual(names(semantic));
    });

    it('by relative score puts scores between 0 and 1, best first', async () => {
      const { edges: hits } = await search({ text: 'breakfast hours', fusion: { method: 'RELATIVE_SCORE' } });
      const scores = hits.map(({ score }) => score);
      expect(scores).toEqual([...scores].sort((a, b) => b - a));
      expect(Math.max(...scores)).toBeLessThanOrEqual(1);
      expect(Math.min(...scores)).toBeGreaterThanOrEqual(0);
    });
  });

  it('makes the hits of a page unlike each other where asked, the best one still first', async () => {
    const text = 'breakfast';
    const likeness = async (found: Found) => {
      const vectors = await Promise.all(found.edges.map(async ({ chunk }) => vectorOf(chunk.text)));
      const pairs = vectors.flatMap((a, i) => vectors.slice(i + 1).map((b) => innerProduct(a, b)));
      return pairs.reduce((sum, one) => sum + one, 0) / pairs.length;
    };
    const plain = await search({ text }, { first: 6 });
    const varied = await search({ text, diversity: 0.6 }, { first: 6 });
    expect(names(varied)[0]).toBe(names(plain)[0]);
    expect(await likeness(varied)).toBeLessThan(await likeness(plain));
  });

  it('prefers documents that changed lately where asked', async () => {
    const text = 'swimming pool and sauna opening hours';
    const plain = await search({ text });
    const [best] = plain.edges;
    await api.db.owner.query(
      "update tessera.documents set updated_at = now() - interval '400 days' where tenant_id = $1 and external_id = $2",
      [tenant, best!.node.externalId],
    );
    const aged = await search({ text, recency: { halfLifeDays: 30, weight: 1 } });
    expect(names(aged)[0]).not.toBe(best!.node.externalId);
    await api.db.owner.query('update tessera.documents set updated_at = created_at where tenant_id = $1', [tenant]);
    expect(names(await search({ text }))).toEqual(names(plain));
  });

  it('neither repeats nor skips over pages while documents are added and deleted', async () => {
    const documents = Array.from({ length: 60 }, (_, index) => ({
      externalId: `mooring-${index}`,
      collection: 'harbour',
      title: `Mooring ${index}`,
      body: `Boats are moored at berth ${index} of the harbour.`,
    }));
    await api.upsert('harbour', documents);
    await api.embedAll();
    const own = await api.tokenFor('harbour');
    const query = `query($after: String) { search(input: { text: "moored boats at the harbour" }, first: 10, after: $after) {
      ... on SearchConnection { edges { node { id externalId } } pageInfo { hasNextPage endCursor } } } }`;
    const seen: string[] = [];
    const removed = new Set<string>();
    let after: string | null = null;
    for (let page = 0; ; page++) {
      const answer: { search: Found } = dataOf(await api.graphql<{ search: Found }>(own, query, { after }));
      seen.push(...answer.search.edges.map(({ node }) => node.externalId));
      if (!answer.search.pageInfo.hasNextPage) break;
      after = answer.search.pageInfo.endCursor;
      await api.upsert('harbour', [
        {
          externalId: `new-${page}`,
          collection: 'harbour',
          title: 'New',
          body: 'Boats moored at the harbour, boats and boats.',
        },
      ]);
      const victim = documents.find(({ externalId }) => !seen.includes(externalId) && !removed.has(externalId));
      if (victim) {
        removed.add(victim.externalId);
        await api.db.owner.query("delete from tessera.documents where tenant_id = 'harbour' and external_id = $1", [
          victim.externalId,
        ]);
      }
      await api.embedAll();
    }
    expect(new Set(seen).size).toBe(seen.length);
    const left = documents.filter(({ externalId }) => !removed.has(externalId)).map(({ externalId }) => externalId);
    expect(left.filter((name) => !seen.includes(name))).toEqual([]);
    expect([...removed].filter((name) => seen.includes(name))).toEqual([]);
  });

  describe('explainMissing', () => {
    const explain = async (documentId: string, input: object, first = 10) => {
      const query = `query($documentId: ID!, $input: SearchInput!, $first: Int) { explainMissing(documentId: $documentId, input: $input, first: $first) {
        ... on MissingExplanation { reason rank score trueCoarseRank candidates keywordScore } ... on Error { code message } } }`;
      const variables = { documentId, input, first };
      return dataOf(await api.graphql<{ explainMissing: Record<string, unknown> }>(token, query, variables))
        .explainMissing;
    };
    const everything = async (text: string) => (await search({ text, candidates: 1_000 }, { first: 100 })).edges;

    it('says FOUND with the rank of a hit', async () => {
      const hits = (await search({ text: 'ski room' })).edges;
      expect(await explain(hits[2]!.node.id, { text: 'ski room' })).toMatchObject({ reason: 'FOUND', rank: 3 });
    });

    it('says BEHIND_THE_PAGE, BELOW_MIN_SCORE and FILTERED', async () => {
      const last = (await everything('ski room')).at(-1)!;
      const input = { text: 'ski room', candidates: 1_000 };
      expect(await explain(last.node.id, input)).toMatchObject({ reason: 'BEHIND_THE_PAGE' });
      expect(await explain(last.node.id, { ...input, minScore: 0.9 }, 100)).toMatchObject({
        reason: 'BELOW_MIN_SCORE',
      });
      expect(await explain(last.node.id, { ...input, collections: ['none'] })).toMatchObject({ reason: 'FILTERED' });
    });

    it('says CUT_BEFORE_RERANK with the true rank', async () => {
      const last = (await search({ text: 'ski room', mode: 'SEMANTIC', candidates: 1_000 }, { first: 100 })).edges.at(
        -1,
      )!;
      const lost = await explain(last.node.id, { text: 'ski room', mode: 'SEMANTIC', candidates: 10 });
      expect(lost).toMatchObject({ reason: 'CUT_BEFORE_RERANK', candidates: 10 });
      expect(lost.trueCoarseRank).toBeGreaterThan(10);
    });

    it('says NO_COMMON_WORD and CONDITIONS', async () => {
      const [hit] = (await search({ text: 'breakfast' })).edges;
      expect(await explain(hit!.node.id, { text: 'zeppelin', mode: 'KEYWORD' })).toMatchObject({
        reason: 'NO_COMMON_WORD',
      });
      expect(await explain(hit!.node.id, { text: 'breakfast +zeppelin', mode: 'KEYWORD' })).toMatchObject({
        reason: 'CONDITIONS',
      });
    });

    it('says NOT_EMBEDDED of a document that waits for its vectors', async () => {
      const [{ id } = { id: '' }] = await api.upsert(tenant, [
        { externalId: 'pending', collection: 'handbook', title: 'Quokka', body: 'Quokkas smile.' },
      ]);
      const globalId = Buffer.from(`Document:${id}`).toString('base64');
      expect(await explain(globalId, { text: 'ski room' })).toMatchObject({ reason: 'NOT_EMBEDDED' });
      await api.db.owner.query("delete from tessera.documents where external_id = 'pending'");
    });

    it('cannot tell a document of another tenant from one of nobody', async () => {
      const other = await api.tokenFor(demoTenants[1]!);
      const foreign = dataOf(
        await api.graphql<{ documents: { edges: { node: { id: string } }[] } }>(
          other,
          '{ documents(first: 1) { edges { node { id } } } }',
        ),
      ).documents.edges[0]!.node.id;
      const nobody = Buffer.from('Document:01890000-0000-7000-8000-000000000001').toString('base64');
      const answers = [await explain(foreign, { text: 'ski room' }), await explain(nobody, { text: 'ski room' })];
      expect(answers[0]).toMatchObject({ reason: 'NOT_THERE', rank: null, score: null, trueCoarseRank: null });
      expect(answers[0]).toEqual(answers[1]);
    });
  });
});
