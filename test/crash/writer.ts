import { randomUUID } from 'node:crypto';
import type { Random } from '../../bench/random.ts';
import { type Model, type ModelDocument, noteAudited } from './model.ts';
import type { Sender, Tally } from './sender.ts';
import { editParagraph, randomBody } from './texts.ts';

interface WriterDeps {
  readonly sender: Sender;
  readonly model: Model;
  readonly tally: Tally;
  readonly random: Random;
  readonly tokens: ReadonlyMap<string, string>;
}

interface Upserted {
  readonly index: number;
  readonly id: string;
  readonly status: string;
  readonly version: number;
}

interface Result {
  readonly __typename: string;
  readonly code?: string;
  readonly message?: string;
  readonly index?: number;
  readonly currentVersion?: number;
  readonly documents?: readonly Upserted[];
  readonly restoredIds?: readonly string[];
}

const outcome = `__typename
  ... on VersionConflictError { index currentVersion }
  ... on Error { code message }`;
const upsertMutation = `mutation Upsert($input: [UpsertDocumentInput!]!, $key: String) {
  result: upsertDocuments(input: $input, idempotencyKey: $key) {
    ${outcome}
    ... on UpsertDocumentsPayload { documents { index id status version } }
  }
}`;
const patchMutation = `mutation Patch($input: [PatchDocumentInput!]!) {
  result: patchDocuments(input: $input) {
    ${outcome}
    ... on PatchDocumentsPayload { documents { index id status version } }
  }
}`;
const deleteMutation = `mutation Delete($ids: [ID!]!, $permanently: Boolean) {
  result: deleteDocuments(ids: $ids, permanently: $permanently) { deletedIds }
}`;
const filterMutation = `mutation DeleteByFilter($filter: DocumentFilter!) {
  result: deleteByFilter(filter: $filter) { deleted hasMore }
}`;
const restoreMutation = `mutation Restore($ids: [ID!]!) {
  result: restoreDocuments(ids: $ids) { __typename ... on RestoreDocumentsPayload { restoredIds } ... on Error { code message } }
}`;

/** Somebody who imports documents of one tenant, and edits, deletes and restores those that it has imported. */
export interface Writer {
  /** Imports so many new documents in one write. */
  importBatch(count: number): Promise<void>;
  /** One edit, patch, deletion or restoration of documents of its own. */
  changeSomething(): Promise<void>;
}

/** @param name tells its documents from those of others. */
export function createWriter(deps: WriterDeps, tenant: string, name: string): Writer {
  const { sender, model, tally, random } = deps;
  const token = deps.tokens.get(tenant) ?? '';
  const own: ModelDocument[] = [];
  let next = 0;

  /** Writes documents under a key of idempotency, or guarded by nothing but the versions that it knows. */
  async function upsert(documents: readonly ModelDocument[], changed: (one: ModelDocument) => Partial<ModelDocument>) {
    const wanted = documents.map((document) => ({ ...document, ...changed(document) }));
    const hasKey = random.below(4) > 0;
    const input = wanted.map(({ collection, externalId, title, body, metadata, version }) => {
      return { collection, externalId, title, body, metadata, ifVersion: version };
    });
    const variables = { input, key: hasKey ? randomUUID() : null };
    const { data, isUnsure } = await sender.send<{ result: Result }>(token, upsertMutation, variables);
    const done = settle(data.result, wanted, isUnsure && !hasKey) ?? (await readBack(wanted));
    for (const [index, document] of documents.entries()) {
      const { id, version } = done[index] as Upserted;
      const expected = (wanted[index]?.version ?? 0) + 1;
      if (version !== expected) throw new Error(`A write made version ${version} of what was to be ${expected}.`);
      Object.assign(document, wanted[index], { id, version, state: 'there' });
    }
    noteAudited(model, tenant, 'upsertDocuments');
    tally.add(hasKey ? 'writes with a key' : 'writes without a key');
  }

  /**
   * What became of each document; undefined where an earlier try that nobody heard of turns out to have been done.
   * @param mayBeDone whether a conflict with the very version that the write was to make is such a sign.
   */
  function settle(result: Result, wanted: readonly ModelDocument[], mayBeDone: boolean) {
    if (result.documents) return result.documents;
    const before = wanted[result.index ?? 0]?.version;
    if (result.code === 'VERSION_CONFLICT' && mayBeDone && result.currentVersion === (before ?? 0) + 1) {
      tally.add('settled by version');
      return undefined;
    }
    throw new Error(`A write was answered with ${JSON.stringify(result)}; expected version ${before}.`);
  }

  async function readBack(wanted: readonly ModelDocument[]): Promise<Upserted[]> {
    const query = `query Read($filter: DocumentFilter!) {
      documents(filter: $filter, first: 100) { edges { node { id externalId version } } }
    }`;
    const [first] = wanted;
    const filter = {
      collection: { eq: first?.collection },
      externalId: { in: wanted.map(({ externalId }) => externalId) },
    };
    const { data } = await sender.send<{
      documents: { edges: { node: { id: string; externalId: string; version: number } }[] };
    }>(token, query, { filter });
    const nodes = new Map(data.documents.edges.map(({ node }) => [node.externalId, node]));
    return wanted.map(({ externalId }, index) => {
      const node = nodes.get(externalId);
      if (!node) throw new Error(`${externalId} was written and is not there.`);
      return { index, id: node.id, status: 'SETTLED', version: node.version };
    });
  }

  async function patch(document: ModelDocument) {
    const metadata = { ...document.metadata, patched: random.below(1_000_000_000) };
    const input = [{ id: document.id, metadata, ifVersion: document.version }];
    const { data, isUnsure } = await sender.send<{ result: Result }>(token, patchMutation, { input });
    settle(data.result, [document], isUnsure);
    Object.assign(document, { metadata, version: document.version + 1 });
    noteAudited(model, tenant, 'patchDocuments');
    tally.add('patches');
  }

  async function remove(documents: readonly ModelDocument[], permanently: boolean) {
    const ids = documents.map(({ id }) => id);
    const { data, isUnsure } = await sender.send<{ result: { deletedIds: string[] } }>(token, deleteMutation, {
      ids,
      permanently,
    });
    const { deletedIds } = data.result;
    const isWhole = ids.every((id) => deletedIds.includes(id));
    if (!isWhole && !(isUnsure && deletedIds.length === 0)) {
      throw new Error(`Of ${ids.length} documents ${deletedIds.length} were deleted.`);
    }
    if (!isWhole) tally.add('settled by repetition');
    noteAudited(model, tenant, 'deleteDocuments');
    hide(documents, permanently ? 'gone' : 'hidden');
    tally.add('deletes', documents.length);
  }

  function hide(documents: readonly ModelDocument[], state: 'hidden' | 'gone') {
    for (const document of documents) {
      document.state = state;
      if (state === 'hidden') document.version++;
      model.deletions.set(document.id, Symbol(document.externalId));
    }
  }

  async function restore(document: ModelDocument) {
    model.deletions.delete(document.id);
    const { data, isUnsure } = await sender.send<{ result: Result }>(token, restoreMutation, { ids: [document.id] });
    const { restoredIds } = data.result;
    if (!restoredIds?.includes(document.id) && !(isUnsure && restoredIds?.length === 0)) {
      throw new Error(`A restoration was answered with ${JSON.stringify(data.result)}.`);
    }
    Object.assign(document, { state: 'there', version: document.version + 1 });
    noteAudited(model, tenant, 'restoreDocuments');
    tally.add('restorations');
  }

  /** More than are deleted at once, so that the worker has to clear their passages away. */
  async function removeCollection(collection: string) {
    const documents = own.filter((one) => one.collection === collection && one.state === 'there');
    if (documents.length === 0) return;
    const { data, isUnsure } = await sender.send<{ result: { deleted: number } }>(token, filterMutation, {
      filter: { collection: { eq: collection } },
    });
    const { deleted } = data.result;
    if (deleted !== documents.length && !(isUnsure && deleted === 0)) {
      throw new Error(`Of a collection of ${documents.length} documents ${deleted} were deleted.`);
    }
    noteAudited(model, tenant, 'deleteByFilter');
    hide(documents, 'hidden');
    tally.add('deletes by filter', documents.length);
  }

  const pick = (state: ModelDocument['state']) => {
    const found = own.filter((one) => one.state === state);
    return found.length > 0 ? found[random.below(found.length)] : undefined;
  };
  /** Of one collection, each once. */
  const pickSome = (most: number) => {
    const first = pick('there');
    const same = own.filter(({ state, collection }) => state === 'there' && collection === first?.collection);
    const from = first ? random.below(same.length) : 0;
    return same.slice(from, from + 1 + random.below(most));
  };
  /** A collection in 300 documents is thrown away as a whole. */
  const collectionOf = (n: number) =>
    Math.floor(n / 300) % 4 === 3 ? `scrap-${name}-${Math.floor(n / 300)}` : 'notes';

  return {
    async importBatch(count) {
      const collection = collectionOf(next);
      const documents = Array.from({ length: count }, (): ModelDocument => {
        const externalId = `${name}-${next++}`;
        const written = { title: `Document ${externalId}`, body: randomBody(random), metadata: { round: 0 } };
        return { tenant, collection, externalId, id: '', version: 0, state: 'gone', ...written };
      });
      await upsert(documents, () => ({}));
      own.push(...documents);
      model.documents.push(...documents);
      tally.add('documents', count);
      const finished = collectionOf(Math.max(0, next - 300));
      if (finished.startsWith('scrap') && collectionOf(next) !== finished) await removeCollection(finished);
    },
    async changeSomething() {
      const choice = random.below(100);
      if (choice < 50) {
        const documents = pickSome(8);
        if (documents.length === 0) return;
        await upsert(documents, ({ body, metadata }) => {
          const round = Number(metadata.round) + 1;
          return { body: editParagraph(body, random), metadata: { ...metadata, round } };
        });
        tally.add('edits', documents.length);
      } else if (choice < 65) {
        const document = pick('there');
        if (document) await patch(document);
      } else if (choice < 85) {
        const documents = pickSome(5);
        if (documents.length > 0) await remove(documents, random.below(2) === 0);
      } else if (choice < 92) {
        const document = pick('hidden');
        if (document) await restore(document);
      } else {
        // Under the key of one that was deleted: another document.
        const document = pick('gone') ?? pick('hidden');
        if (!document) return;
        document.version = 0;
        await upsert([document], () => ({ body: randomBody(random), metadata: { round: 0 } }));
        tally.add('written again');
      }
    },
  };
}
