import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createRandom } from '../../bench/random.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import type { Embedder } from '../../src/embed/embedder.ts';
import { EmbedderError } from '../../src/embed/embedder-error.ts';
import { openEmbedder } from '../../src/embed/open-embedder.ts';
import { loadStaticEmbedder } from '../../src/embed/static-embedder.ts';
import { parseTenantId } from '../../src/ids.ts';
import { addCandidate, readTenantModels, retireModel } from '../../src/models/change-roles.ts';
import { fillModels } from '../../src/worker/fill-models.ts';
import { drain } from '../../src/worker/worker.ts';
import { describeServer } from '../support/database.ts';
import { type EmbeddingServer, startEmbeddingServer } from '../support/embedding-server.ts';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';
import { type Client, openClient } from '../support/operations.ts';
import { principalOf } from '../support/principal.ts';

const operator = principalOf('operator', { scopes: ['operator'] });
const alpha = parseTenantId('alpha');

/** Paragraphs each long enough to be a chunk by itself. */
const paragraph = (subject: string) =>
  `## ${subject}\n\n${`The ${subject} is described in this part of the manual and in no other. `.repeat(12)}`;
const manual = (...subjects: readonly string[]) => ({
  ...{ externalId: 'manual', collection: 'house', title: 'Manual' },
  body: subjects.map(paragraph).join('\n\n'),
});

/** For each chunk, in order, how many vectors of its own it has, and how many stand in for them. */
type Vectors = readonly (readonly [own: number, standIns: number])[];

describeServer('a document that is edited while its tenant moves to another model', () => {
  let server: EmbeddingServer;
  let gateway: TestGateway;
  let client: Client;
  let active: Embedder;
  let candidate: Embedder;
  let activeId: number;
  let candidateId: number;

  beforeAll(async () => {
    server = await startEmbeddingServer({ dimensions: 384 });
    const { embedder } = loadConfig({
      ...{ EMBEDDER: 'openai', EMBEDDING_BASE_URL: server.baseUrl },
      ...{ EMBEDDING_MODEL: 'hashed', EMBEDDING_DIMENSIONS: '384' },
    });
    active = loadStaticEmbedder();
    candidate = await openEmbedder(embedder);
    gateway = await openTestGateway({ embedder: active, nextEmbedder: candidate });
    client = await openClient(gateway, 'alpha');
    activeId = gateway.workerDeps.modelId;
    candidateId = gateway.workerDeps.other?.modelId as number;
  });
  afterAll(async () => {
    await gateway.close();
    await server.close();
  });
  afterEach(async () => {
    await retireModel(deps(), operator, alpha, true);
    await fill();
    await gateway.db.owner.query('delete from documents');
  });

  const deps = () => ({ database: gateway.db.database });
  const add = () => addCandidate(deps(), operator, alpha, candidateId);
  const fill = () => fillModels(gateway.db.worker);
  const embedActive = (embedder = active) => drain({ database: gateway.db.worker, embedder, modelId: activeId });
  const embedCandidate = (embedder = candidate) =>
    drain({ database: gateway.db.worker, embedder, modelId: candidateId });
  const comeBack = () => gateway.db.owner.query('update embedding_jobs set available_at = now()');

  async function read(modelId: number, externalId = 'manual'): Promise<Vectors> {
    const { rows } = await gateway.db.owner.query<{ own: number; standIns: number }>(
      `select count(*) filter (where e.stand_in = 0)::int as own, count(*) filter (where e.stand_in > 0)::int as "standIns"
       from chunks c join documents d on d.id = c.document_id left join embeddings e on e.chunk_id = c.id and e.model_id = $2
       where d.external_id = $1 group by c.id, c.ordinal order by c.ordinal`,
      [externalId, modelId],
    );
    return rows.map(({ own, standIns }) => [own, standIns]);
  }

  const readBoth = async () => ({ active: await read(activeId), candidate: await read(candidateId) });
  /** Whether the document is found by what it said before. */
  const isFound = async (text: string) => {
    const { edges } = await client.search({ text, mode: 'SEMANTIC' });
    return edges.length > 0;
  };

  const settled: Vectors = [
    [1, 0],
    [1, 0],
    [1, 0],
  ];
  const edited: Vectors = [
    [0, 1],
    [1, 0],
    [0, 1],
  ];

  describe.each(['the candidate', 'the active model'] as const)(
    'and %s is the first to embed the new text',
    (first) => {
      test('loses what stands in for a model when that model’s own vectors are there', async () => {
        await client.upsert([manual('sauna', 'garden', 'shower')]);
        await embedActive();
        await add();
        await fill();
        await embedCandidate();
        expect(await readBoth()).toEqual({ active: settled, candidate: settled });
        await client.upsert([manual('library', 'garden', 'chapel')]);
        expect(await readBoth()).toEqual({ active: edited, candidate: edited });
        if (first === 'the candidate') {
          expect(await embedCandidate()).toBe(2);
          expect(await readBoth()).toEqual({ active: edited, candidate: settled });
        } else {
          expect(await embedActive()).toBe(2);
          expect(await readBoth()).toEqual({ active: settled, candidate: edited });
        }
        expect(await isFound('sauna')).toBe(true);
        await embedActive();
        await embedCandidate();
        expect(await readBoth()).toEqual({ active: settled, candidate: settled });
      });
    },
  );

  test('has nothing that stands in for a candidate which had nothing, and is filled like any other', async () => {
    await client.upsert([manual('sauna', 'garden', 'shower')]);
    await embedActive();
    await add();
    await client.upsert([manual('library', 'garden', 'chapel')]);
    const nothing: Vectors = [
      [0, 0],
      [0, 0],
      [0, 0],
    ];
    expect(await readBoth()).toEqual({ active: edited, candidate: nothing });
    // The two that are new wait for both; the one that was kept was not looked at yet.
    expect(await embedCandidate()).toBe(2);
    expect(await readBoth()).toEqual({ active: edited, candidate: settled.with(1, [0, 0]) });
    await fill();
    expect(await embedCandidate()).toBe(1);
    expect(await readBoth()).toEqual({ active: edited, candidate: settled });
    expect(await embedActive()).toBe(2);
    expect(await readBoth()).toEqual({ active: settled, candidate: settled });
  });

  test('has a passage that waits for the candidate only take over vectors of the candidate only', async () => {
    await client.upsert([manual('sauna', 'garden')]);
    await embedActive();
    await add();
    await fill();
    const failing: Embedder = {
      ...candidate,
      maxBatch: 1,
      embed: async (texts, options) => {
        if (texts.some((text) => text.includes('garden'))) throw new EmbedderError('EMBEDDER_UNAVAILABLE', 'down');
        return candidate.embed(texts, options);
      },
    };
    expect(await embedCandidate(failing)).toBe(1);
    await client.upsert([manual('garden')]);
    expect(await readBoth()).toEqual({ active: [[1, 0]], candidate: [[0, 1]] });
    await embedActive();
    expect(await readBoth()).toEqual({ active: [[1, 0]], candidate: [[0, 1]] });
    await comeBack();
    expect(await embedCandidate()).toBe(1);
    expect(await readBoth()).toEqual({ active: [[1, 0]], candidate: [[1, 0]] });
  });

  test.each([1, 2, 3, 4])(
    'has at the end its own vectors of both models and no others, whatever was done at once: %i',
    async (seed) => {
      const random = createRandom(seed);
      const { below } = random;
      const chance = (share: number) => random.next() < share;
      const bodies = new Map<string, string[]>();
      const sometimes = (embedder: Embedder): Embedder => ({
        ...embedder,
        maxBatch: 3,
        embed: async (texts, options) => {
          if (chance(0.2)) throw new EmbedderError('EMBEDDER_UNAVAILABLE', 'a hiccup');
          return embedder.embed(texts, options);
        },
      });
      const edit = async () => {
        const externalId = `d${below(4)}`;
        const old = bodies.get(externalId) ?? ['start', 'middle', 'end'];
        const body = [...old];
        for (let n = below(3); n >= 0; n--) {
          const at = below(body.length);
          if (chance(0.5) || body.length < 2) body.splice(at, 0, `subject ${below(12)}`);
          else body.splice(at, 1);
        }
        bodies.set(externalId, body);
        const had = (await read(activeId, externalId)).some(([own, standIns]) => own + standIns > 0);
        await client.upsert([{ ...manual(...body), externalId }]);
        if (had) expect((await read(activeId, externalId)).some(([own, standIns]) => own + standIns > 0)).toBe(true);
      };
      for (let step = 0; step < 40; step++) {
        if (step === 10) await add();
        const work: Promise<unknown>[] = chance(0.8) ? [edit()] : [];
        if (step >= 10 && chance(0.5)) work.push(fill());
        if (chance(0.6)) work.push(embedActive(sometimes(active)));
        if (chance(0.6)) work.push(embedCandidate(sometimes(candidate)));
        await Promise.all(work);
        if (chance(0.5)) await comeBack();
      }
      await fill();
      await comeBack();
      await gateway.embedAll();
      for (const externalId of bodies.keys()) {
        const chunks = await read(activeId, externalId);
        expect(chunks).toEqual(chunks.map(() => [1, 0]));
        expect(await read(candidateId, externalId)).toEqual(chunks);
      }
      const { rows } = await gateway.db.owner.query('select 1 from embedding_jobs');
      expect(rows).toEqual([]);
      const models = await readTenantModels(deps(), operator, [alpha]);
      expect(models.map(({ counts }) => counts.missing)).toEqual([0, 0]);
    },
    30_000,
  );
});
