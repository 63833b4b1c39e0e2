import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Embedder } from '../../src/embed/embedder.ts';
import { EmbedderError } from '../../src/embed/embedder-error.ts';
import { loadStaticEmbedder } from '../../src/embed/static-embedder.ts';
import { parseTenantId } from '../../src/ids.ts';
import { addCandidate } from '../../src/models/change-roles.ts';
import { drain } from '../../src/worker/worker.ts';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';
import { globalId } from '../support/look-alikes.ts';
import { type Client, openClient } from '../support/operations.ts';
import { principalOf } from '../support/principal.ts';

const active = loadStaticEmbedder();
const candidate: Embedder = { ...active, model: { name: 'the-next', dimensions: active.model.dimensions } };
const tenant = parseTenantId('alpha');

/** Refuses texts that hold a word, and takes any other. */
const refusing = (embedder: Embedder, word: string): Embedder => ({
  ...embedder,
  embed: async (texts, options) => {
    if (texts.some((text) => text.includes(word)))
      throw new EmbedderError('EMBEDDER_REJECTED', `HTTP status 400 of ${embedder.model.name}.`);
    return active.embed(texts, options);
  },
});

interface Letter {
  readonly id: string;
  readonly model: string;
  readonly reason: string;
  readonly document: { readonly externalId: string };
}

interface Requeued {
  readonly requeued: number;
  readonly job: { readonly id: string; readonly total: number; readonly status: string } | null;
}

// Each test goes on with what the one before it left.
describe('dead letters of a tenant with two models', () => {
  let gateway: TestGateway;
  let client: Client;
  let candidateId: number;

  const letters = async (model?: string) =>
    (
      await client.query<{ deadLetters: readonly Letter[] }>(
        'query($model: String) { deadLetters(model: $model) { id model reason document { externalId } } }',
        { model },
      )
    ).deadLetters;
  const requeue = async (ids?: readonly string[]) =>
    (
      await client.query<{ requeue: Requeued }>(
        'mutation($ids: [ID!]) { requeue(ids: $ids) { requeued job { id total status } } }',
        { ids },
      )
    ).requeue;
  const namesOf = (found: readonly Letter[]) =>
    found.map(({ model, document }) => `${document.externalId} by ${model}`).toSorted();
  /** Three rounds of both models' workers, of which one refuses what the other takes. */
  async function refuse() {
    const { database, modelId } = gateway.workerDeps;
    for (let round = 0; round < 3; round++) {
      await drain({ database, modelId, embedder: refusing(active, 'arsenic') });
      await drain({ database, modelId: candidateId, embedder: refusing(candidate, 'poison') });
      await gateway.db.owner.query('update embedding_jobs set available_at = now()');
    }
  }

  beforeAll(async () => {
    gateway = await openTestGateway({ embedder: active, nextEmbedder: candidate });
    client = await openClient(gateway, 'alpha');
    candidateId = gateway.workerDeps.other?.modelId as number;
    const note = (externalId: string, body: string) => ({ collection: 'c', externalId, title: 'A note', body });
    await gateway.upsert('alpha', [note('first', 'Nothing.')]);
    await gateway.embedAll();
    await addCandidate(
      { database: gateway.db.database },
      principalOf('operator', { scopes: ['operator'] }),
      tenant,
      candidateId,
    );
    await gateway.upsert('alpha', [
      note('first', 'Nothing but words.'),
      note('poison', 'Some poison.'),
      note('both', 'Some poison and some arsenic.'),
    ]);
    await refuse();
  });
  afterAll(() => gateway.close());

  test('are told with the model whose provider refused them, and why', async () => {
    const found = await letters();
    expect(namesOf(found)).toEqual(['both by static-en-512', 'both by the-next', 'poison by the-next']);
    for (const { model, reason } of found) expect(reason).toBe(`HTTP status 400 of ${model}.`);
    expect(new Set(found.map(({ id }) => id)).size).toBe(3);
  });

  test('are told of one model alone where that is asked for', async () => {
    expect(namesOf(await letters('the-next'))).toEqual(['both by the-next', 'poison by the-next']);
    expect(namesOf(await letters('static-en-512'))).toEqual(['both by static-en-512']);
    for (const unknown of ['another', '', 'the-next\0']) expect(await letters(unknown)).toEqual([]);
  });

  test('are sent again by model, as a job of their own that counts them', async () => {
    const [letter] = await letters('static-en-512');
    const first = await requeue([letter?.id ?? '']);
    expect(first).toEqual({ requeued: 1, job: { id: expect.any(String), total: 1, status: 'RUNNING' } });
    expect(namesOf(await letters())).toEqual(['both by the-next', 'poison by the-next']);
    await gateway.embedAll();
    expect(
      await client.query('query($id: ID!) { job(id: $id) { status done failed } }', { id: first.job?.id }),
    ).toEqual({
      job: { status: 'FINISHED', done: 1, failed: 0 },
    });
    const all = await requeue();
    expect(all).toMatchObject({ requeued: 2, job: { total: 2, status: 'RUNNING' } });
    expect(await requeue()).toEqual({ requeued: 0, job: null });
    await refuse();
    expect(await client.query('query($id: ID!) { job(id: $id) { status done failed } }', { id: all.job?.id })).toEqual({
      job: { status: 'FINISHED', done: 0, failed: 2 },
    });
  });

  test('are sent again by an id from before ids named a model, whichever it is', async () => {
    const { rows } = await gateway.db.owner.query<{ id: string }>(
      `select chunk_id as id from embedding_jobs where dead_at is not null order by chunk_id limit 1`,
    );
    expect(await requeue([globalId('DeadLetter', rows[0]?.id ?? '')])).toMatchObject({ requeued: 1 });
  });

  test.each(['x', '01890000-0000-7000-8000-000000000001:', '01890000-0000-7000-8000-000000000001:1:1'])(
    'are not found by what is no id of theirs: %s',
    async (id) => {
      const { errors } = await gateway.graphql(
        client.token,
        'mutation($ids: [ID!]) { requeue(ids: $ids) { requeued } }',
        { ids: [globalId('DeadLetter', id)] },
      );
      expect(errors[0]).toMatchObject({ extensions: { code: 'BAD_USER_INPUT' } });
    },
  );
});
