import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Embedder } from '../../src/embed/embedder.ts';
import { EmbedderError } from '../../src/embed/embedder-error.ts';
import { loadStaticEmbedder } from '../../src/embed/static-embedder.ts';
import { chunkText } from '../../src/ingest/chunk.ts';
import { drain } from '../../src/worker/worker.ts';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';
import { type Client, externalIds, openClient } from '../support/operations.ts';

const embedder = loadStaticEmbedder();
let gateway: TestGateway;
let client: Client;

beforeAll(async () => {
  gateway = await openTestGateway();
  client = await openClient(gateway, 'alpha');
});
afterAll(() => gateway.close());
afterEach(() => gateway.db.owner.query('delete from documents'));

const fillers = ['parking', 'breakfast', 'wireless network', 'lost keys', 'dogs and cats'].map((subject, i) => ({
  externalId: `other${i}`,
  collection: 'house',
  title: subject,
  body: `Everything about ${subject}, and about nothing else in this house.`,
}));

/** Paragraphs each long enough to be a chunk by itself. */
const paragraph = (subject: string) =>
  `## ${subject}\n\n${`The ${subject} is described in this part of the manual and in no other. `.repeat(12)}`;
const bodyOf = (subjects: readonly string[]) => subjects.map(paragraph).join('\n\n');
const manual = (body: string) => ({ externalId: 'manual', collection: 'house', title: 'Manual', body });

interface Chunk {
  readonly id: string;
  readonly text: string;
  readonly ordinal: number;
  readonly start_offset: number;
  readonly end_offset: number;
  readonly vectors: number;
  readonly stand_ins: number;
  readonly waits: boolean;
}

async function readChunks(externalId = 'manual'): Promise<Chunk[]> {
  const { rows } = await gateway.db.owner.query<Chunk>(
    `select c.id, c.text, c.ordinal, c.start_offset, c.end_offset,
       (select count(*)::int from embeddings e where e.chunk_id = c.id and e.stand_in = 0) as vectors,
       (select count(*)::int from embeddings e where e.chunk_id = c.id and e.stand_in > 0) as stand_ins,
       exists (select from embedding_jobs j where j.chunk_id = c.id) as waits
     from chunks c join documents d on d.id = c.document_id where d.external_id = $1 order by c.ordinal`,
    [externalId],
  );
  return rows;
}

const freshSearch = `query($input: SearchInput!) { search(input: $input, first: 20) { ... on SearchConnection { edges {
  chunk { id text } passages { text } freshness { stale embeddedAt } scores { vector keyword } node { externalId body }
} } } }`;
interface FreshEdge {
  readonly chunk: { readonly id: string; readonly text: string };
  readonly passages: readonly { readonly text: string }[];
  readonly freshness: { readonly stale: boolean; readonly embeddedAt: string | null };
  readonly scores: { readonly vector: number | null };
  readonly node: { readonly externalId: string; readonly body: string };
}
async function search(input: Record<string, unknown>): Promise<readonly FreshEdge[]> {
  return (await client.query<{ search: { edges: FreshEdge[] } }>(freshSearch, { input })).search.edges;
}

/** An embedder that does something before it answers. */
const meanwhile = (work: (texts: readonly string[]) => Promise<unknown>): Embedder => ({
  ...embedder,
  embed: async (texts, options) => {
    await work(texts);
    return embedder.embed(texts, options);
  },
});

/** A batch of as few texts, so that an edit takes several of them. */
const inBatchesOf = (maxBatch: number, base: Embedder = embedder): Embedder => ({ ...base, maxBatch });

describe('an edited document', () => {
  test('embeds one paragraph of a hundred where one was edited', async () => {
    const subjects = Array.from({ length: 100 }, (_, i) => `subject number ${i}`);
    await client.upsert([manual(bodyOf(subjects))]);
    await gateway.embedAll();
    const before = await readChunks();
    expect(before.length).toBeGreaterThanOrEqual(100);
    await client.upsert([manual(bodyOf(subjects.with(50, 'another subject')))]);
    const after = await readChunks();
    const ids = new Set(before.map(({ id }) => id));
    expect(after.filter(({ id }) => !ids.has(id))).toHaveLength(1);
    expect(after.filter(({ waits }) => waits)).toHaveLength(1);
    expect(await gateway.embedAll()).toBe(1);
  });

  test('is found by both halves at every moment until its new vectors are there, and shows what is in its body', async () => {
    const [before, after] = [
      bodyOf(['sauna', 'garden', 'shower']),
      bodyOf(['zeppelin', 'garden', 'library', 'chapel']),
    ];
    await client.upsert([...fillers, manual(before)]);
    await gateway.embedAll();
    await client.upsert([manual(after)]);
    let looks = 0;
    const look = async (isPending = true) => {
      looks += 1;
      const [found] = await search({ text: 'sauna', mode: 'SEMANTIC', filter: { externalId: { eq: 'manual' } } });
      expect(found?.freshness.stale, 'found by a vector of the old text').toBe(isPending);
      for (const mode of ['SEMANTIC', 'HYBRID']) {
        for (const text of ['sauna', 'garden', 'shower in the manual']) {
          const found = await search({ text, mode });
          const mine = found.find(({ node }) => node.externalId === 'manual');
          expect(mine, `${mode} ${text}`).toBeDefined();
          expect(after).toContain(mine!.chunk.text);
          for (const passage of mine!.passages) expect(after).toContain(passage.text);
          expect(mine!.node.body).toBe(after);
        }
      }
      const byWord = await search({ text: 'zeppelin', mode: 'KEYWORD' });
      expect(byWord.map(({ node }) => node.externalId)).toEqual(['manual']);
      expect(await search({ text: 'sauna', mode: 'KEYWORD' })).toEqual([]);
      const byChunk = await search({ text: 'garden of the manual', groupBy: 'CHUNK' });
      const chunks = byChunk.map(({ chunk }) => chunk.id);
      expect(new Set(chunks).size).toBe(chunks.length);
      expect(externalIds(await client.search({ similarTo: (await manualId()) as never }, { first: 20 }))).toHaveLength(
        fillers.length,
      );
    };
    const manualId = async () => (await client.documents({ externalId: { eq: 'manual' } })).edges[0]!.node.id;
    await look();
    expect((await search({ text: 'sauna', mode: 'SEMANTIC' }))[0]).toMatchObject({
      node: { externalId: 'manual' },
      freshness: { stale: true, embeddedAt: null },
      scores: { vector: expect.any(Number) },
    });
    await drain({
      ...gateway.workerDeps,
      embedder: inBatchesOf(
        1,
        meanwhile(() => look()),
      ),
    });
    await look(false);
    expect(looks).toBe(5);
    const [best] = await search({ text: 'library', mode: 'SEMANTIC' });
    expect(best).toMatchObject({ node: { externalId: 'manual' }, freshness: { stale: false } });
  });

  test('switches in one transaction: until the last new vector is there, every old one answers', async () => {
    await client.upsert([manual(bodyOf(['sauna', 'shower', 'garden']))]);
    await gateway.embedAll();
    await client.upsert([manual(bodyOf(['library', 'chapel', 'garden', 'stable']))]);
    const seen: number[][] = [];
    const look = async () => {
      const chunks = await readChunks();
      const sum = (name: 'vectors' | 'stand_ins') => chunks.reduce((total, chunk) => total + chunk[name], 0);
      seen.push([sum('vectors'), sum('stand_ins')]);
    };
    await drain({ ...gateway.workerDeps, embedder: inBatchesOf(1, meanwhile(look)) });
    await look();
    expect(seen).toEqual([
      [1, 2],
      [2, 2],
      [3, 2],
      [4, 0],
    ]);
  });

  test('hands the vectors of two passages that become one to that one', async () => {
    await client.upsert([...fillers, manual(bodyOf(['sauna', 'shower']))]);
    await gateway.embedAll();
    await client.upsert([manual('It is all in the other book now.')]);
    expect((await readChunks()).map(({ vectors, stand_ins }) => [vectors, stand_ins])).toEqual([[0, 2]]);
    for (const text of ['sauna', 'shower']) {
      const [best] = await search({ text, mode: 'SEMANTIC' });
      expect(best).toMatchObject({
        node: { externalId: 'manual' },
        chunk: { text: 'It is all in the other book now.' },
      });
    }
    await gateway.embedAll();
    expect((await readChunks()).map(({ vectors, stand_ins }) => [vectors, stand_ins])).toEqual([[1, 0]]);
  });

  test('keeps its vectors through edit after edit while the provider is down', async () => {
    await client.upsert([...fillers, manual(bodyOf(['sauna', 'shower']))]);
    await gateway.embedAll();
    const down: Embedder = {
      ...embedder,
      embed: () => Promise.reject(new EmbedderError('EMBEDDER_UNAVAILABLE', 'down')),
    };
    for (const subject of ['library', 'chapel', 'stable', 'kitchen']) {
      await client.upsert([manual(bodyOf([subject, `${subject} again`]))]);
      await drain({ ...gateway.workerDeps, embedder: down });
      const [best] = await search({ text: 'sauna', mode: 'SEMANTIC' });
      expect(best?.node.externalId).toBe('manual');
      expect((await readChunks()).reduce((sum, chunk) => sum + chunk.stand_ins, 0)).toBe(2);
    }
    await gateway.db.owner.query('update embedding_jobs set available_at = now()');
    await gateway.embedAll();
    expect((await readChunks()).map(({ vectors, stand_ins }) => [vectors, stand_ins])).toEqual([
      [1, 0],
      [1, 0],
    ]);
  });

  test('keeps a vector where the only passage that has one goes', async () => {
    await client.upsert([manual(bodyOf(['sauna']))]);
    await gateway.embedAll();
    await client.upsert([manual(bodyOf(['sauna', 'shower', 'library']))]);
    await client.upsert([manual(bodyOf(['shower', 'library']))]);
    await client.upsert([manual(bodyOf(['shower']))]);
    expect((await readChunks()).map(({ vectors, stand_ins }) => [vectors, stand_ins])).toEqual([[0, 1]]);
    await gateway.embedAll();
    expect((await readChunks()).map(({ vectors, stand_ins }) => [vectors, stand_ins])).toEqual([[1, 0]]);
  });

  test('that is edited while a worker has its old text gets no vector of that text', async () => {
    await client.upsert([manual(bodyOf(['sauna']))]);
    await gateway.embedAll();
    await client.upsert([manual(bodyOf(['library']))]);
    let isFirst = true;
    const edit = async () => {
      if (isFirst) await client.upsert([manual(bodyOf(['chapel']))]);
      isFirst = false;
    };
    const texts: string[] = [];
    const watching = meanwhile(async (sent) => {
      texts.push(...sent);
      await edit();
    });
    await drain({ ...gateway.workerDeps, embedder: watching });
    expect(texts.map((text) => /library|chapel/.exec(text)?.[0])).toEqual(['library', 'chapel']);
    expect((await readChunks()).map(({ vectors, stand_ins }) => [vectors, stand_ins])).toEqual([[1, 0]]);
    const { rows } = await gateway.db.owner.query<{ vector: string }>(
      'select full_vector::text as vector from embeddings',
    );
    const [expected] = await embedder.embed([texts[1]!], { purpose: 'document' });
    const stored = JSON.parse(rows[0]!.vector) as number[];
    expect(stored.every((value, i) => Math.abs(value - expected![i]!) < 1e-6)).toBe(true);
  });

  test('is finished by the later of two workers that write its last two vectors at the same time', async () => {
    for (let round = 0; round < 5; round++) {
      await client.upsert([manual(bodyOf([`sauna ${round}`, `shower ${round}`]))]);
      await gateway.embedAll();
      await client.upsert([manual(bodyOf([`library ${round}`, `chapel ${round}`]))]);
      const both = Promise.withResolvers<void>();
      let waiting = 0;
      const together = meanwhile(async () => {
        if (++waiting === 2) both.resolve();
        await both.promise;
      });
      await Promise.all([1, 2].map(() => drain({ ...gateway.workerDeps, embedder: inBatchesOf(1, together) })));
      expect((await readChunks()).map(({ vectors, stand_ins }) => [vectors, stand_ins])).toEqual([
        [1, 0],
        [1, 0],
      ]);
    }
  });
});

/** The same in every run. */
function createRandom(seed: number) {
  let state = seed;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  return { below: (count: number) => Math.floor(next() * count), chance: (share: number) => next() < share };
}

describe('random edits, deletions, batches and failures', () => {
  test.each([1, 2, 3])(
    'leave every document with the chunks of its body, each with its own vector and no other: %i',
    async (seed) => {
      const random = createRandom(seed);
      const subjects = Array.from({ length: 12 }, (_, i) => `subject ${i}`);
      const bodies = new Map<string, string[]>();
      const failing: Embedder = {
        ...embedder,
        maxBatch: 3,
        embed: async (texts, options) => {
          if (random.chance(0.2)) throw new EmbedderError('EMBEDDER_UNAVAILABLE', 'a hiccup');
          return embedder.embed(texts, options);
        },
      };
      const edit = async () => {
        const externalId = `d${random.below(4)}`;
        if (random.chance(0.1) && bodies.has(externalId)) {
          bodies.delete(externalId);
          const { edges } = await client.documents({ externalId: { eq: externalId } });
          await client.delete(edges.map(({ node }) => node.id));
          return;
        }
        const old = bodies.get(externalId) ?? subjects.slice(0, 1 + random.below(5));
        const body = [...old];
        for (let n = random.below(3); n >= 0; n--) {
          const at = random.below(body.length + 1);
          if (random.chance(0.5) || body.length < 2) body.splice(at, 0, subjects[random.below(subjects.length)]!);
          else body.splice(Math.min(at, body.length - 1), 1);
        }
        bodies.set(externalId, body);
        const known = new Map((await readChunks(externalId)).map((chunk) => [chunk.id, chunk]));
        await client.upsert([{ ...manual(bodyOf(body)), externalId }]);
        const chunks = await readChunks(externalId);
        const wanted = chunkText(bodyOf(body), gateway.deps.chunking);
        expect(
          chunks.map(({ text, start_offset: start, end_offset: end, ordinal }) => ({ text, start, end, ordinal })),
        ).toEqual(wanted.map(({ text, start, end, ordinal }) => ({ text, start, end, ordinal })));
        // What was embedded and is still there has not lost its vector.
        for (const chunk of chunks) {
          const before = known.get(chunk.id);
          if (before) expect(chunk.vectors).toBeGreaterThanOrEqual(before.vectors);
        }
        // A document that had any vector has one: its own, or one that stands in.
        const had = [...known.values()].some(({ vectors, stand_ins: standIns }) => vectors + standIns > 0);
        if (had) expect(chunks.some(({ vectors, stand_ins: standIns }) => vectors + standIns > 0)).toBe(true);
        expect(chunks.every(({ vectors, waits }) => waits || vectors === 1)).toBe(true);
      };
      for (let step = 0; step < 40; step++) {
        // Of two edits at once each would see the other's chunks here.
        const work: Promise<unknown>[] = random.chance(0.8) ? [edit()] : [];
        for (let n = random.below(3); n > 0; n--) work.push(drain({ ...gateway.workerDeps, embedder: failing }));
        await Promise.all(work);
        if (random.chance(0.5)) await gateway.db.owner.query('update embedding_jobs set available_at = now()');
      }
      await gateway.db.owner.query('update embedding_jobs set available_at = now()');
      await gateway.embedAll();
      for (const [externalId, body] of bodies) {
        const chunks = await readChunks(externalId);
        expect(chunks.map(({ text }) => text)).toEqual(
          chunkText(bodyOf(body), gateway.deps.chunking).map(({ text }) => text),
        );
        expect(chunks.map(({ vectors, stand_ins: standIns, waits }) => ({ vectors, standIns, waits }))).toEqual(
          chunks.map(() => ({ vectors: 1, standIns: 0, waits: false })),
        );
      }
      const { rows } = await gateway.db.owner.query<{ drift: number }>(
        `select (select count(*) from embeddings e where not exists (select from chunks c where c.id = e.chunk_id and c.document_id = e.document_id))::int
         + (select count(*) from embedding_jobs)::int as drift`,
      );
      expect(rows[0]?.drift).toBe(0);
    },
  );
});
