import { isDeepStrictEqual } from 'node:util';
import type { Attribute } from '../../src/attribute.ts';
import { isName, isStorable } from './hostile-text.ts';
import { type AccessRule, allOf, fits, type ModelDocument, type ModelTenant, ruleText } from './model.ts';

/** A document of a write, as GraphQL takes it but for its id, which is the bare one. */
export interface DocumentWrite {
  readonly id?: string;
  readonly externalId?: string;
  readonly collection: string;
  readonly title: string;
  readonly body: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly status?: string;
  readonly acl?: Partial<AccessRule>;
}

export interface PredictedOutcome {
  readonly status: 'CREATED' | 'UPDATED' | 'UNCHANGED';
  /** Its id is empty for a new document. */
  readonly document: ModelDocument;
  /** Its passage is another, and waits. */
  readonly isQueued: boolean;
}

/** What a write will do: refuse its document number `fault` and store nothing, or store them all. */
export type PredictedWrite = { readonly fault: number } | { readonly outcomes: readonly PredictedOutcome[] };

/** Foretells a write of documents. Nothing of the model changes. */
export function predictWrite(tenant: ModelTenant, inputs: readonly DocumentWrite[]): PredictedWrite {
  // What is wrong in itself is found document by document, together with what came twice.
  const early = [
    firstIndex(inputs, hasFault),
    firstRepeated(inputs.map((input) => [input.id ?? keyOf(input.collection, input.externalId)])),
  ].filter((index) => index !== undefined);
  const unfit =
    early.length > 0
      ? Math.min(...early)
      : (firstIndex(inputs, (input) => !fitsDeclared(tenant, input)) ??
        firstIndex(inputs, ({ id }) => id !== undefined && !tenant.documents.has(id)));
  if (unfit !== undefined) return { fault: unfit };
  const outcomes = inputs.map((input) => toOutcome(tenant, input));
  const conflict =
    firstRepeated(
      outcomes.map(({ document: { id, collection, externalId } }) => [id || undefined, keyOf(collection, externalId)]),
    ) ??
    firstIndex(outcomes, ({ document: { id, collection, externalId } }) => {
      const holder = externalId === null ? undefined : findByKey(tenant, collection, externalId);
      return id !== '' && holder !== undefined && holder.id !== id;
    });
  return conflict === undefined ? { outcomes } : { fault: conflict };
}

/** Deletes a document of the model, which may be restored: of its passage nothing is left. */
export function applyDelete(tenant: ModelTenant, id: string): void {
  const document = tenant.documents.get(id);
  if (document) {
    const { version } = document;
    const bare = { pending: true, hadVectors: false, duty: undefined };
    tenant.deleted.set(id, { ...document, ...bare, version: version + 1 });
  }
  tenant.documents.delete(id);
}

/**
 * Writes what was foretold into the model. What was deleted under a key that is taken can be restored no more.
 * @param ids of the documents, in order, as the gateway gave them.
 * @param jobId of those that are queued.
 */
export function applyWrite(
  tenant: ModelTenant,
  outcomes: readonly PredictedOutcome[],
  ids: readonly string[],
  jobId: string | undefined,
): void {
  if (outcomes.length > 0) tenant.registered = true;
  if (outcomes.length > 0) tenant.hasModel = true;
  for (const [index, { document, isQueued }] of outcomes.entries()) {
    const id = ids[index] ?? document.id;
    const duty = isQueued && jobId !== undefined ? { jobId, isDead: false } : document.duty;
    tenant.documents.set(id, { ...document, id, duty });
    if (document.acl) tenant.rules.add(ruleText(document.acl));
    const key = keyOf(document.collection, document.externalId);
    for (const [other, { collection, externalId }] of tenant.deleted)
      if (key !== undefined && keyOf(collection, externalId) === key) tenant.deleted.delete(other);
  }
}

/** Values of those documents that lie in a collection and do not fit what is declared anew. */
export function unfitValues(
  tenant: ModelTenant,
  documents: readonly ModelDocument[],
  name: string,
  attributes: readonly Attribute[],
): number {
  const before = new Map(tenant.collections.get(name)?.map((one) => [one.name, one.type]));
  const come = attributes.filter((one) => before.get(one.name) !== one.type);
  return documents
    .filter(({ collection }) => collection === name)
    .flatMap(({ metadata }) =>
      come.filter((one) => (metadata[one.name] ?? null) !== null && !fits(one.type, metadata[one.name])),
    ).length;
}

function hasFault({ externalId, collection, title, body, status, metadata = {}, acl }: DocumentWrite): boolean {
  const texts = [
    collection,
    title,
    body,
    ...(externalId === undefined ? [] : [externalId]),
    ...(status === undefined ? [] : [status]),
  ];
  const lengths = [64, 1_000, 1_000_000];
  return (
    texts.some((text) => !isStorable(text) || text.trim() === '') ||
    [collection, title, body].some((text, index) => text.length > (lengths[index] ?? 0)) ||
    (status ?? '').length > 64 ||
    Object.values(metadata).some((value) => typeof value === 'string' && !isStorable(value)) ||
    (acl !== undefined && !isUsableRule(toRule(acl)))
  );
}

/** A list that a document can have. */
export function isUsableRule({ users, groups }: AccessRule): boolean {
  const names = [...users, ...groups];
  return names.length >= 1 && names.length <= 256 && names.every(isName);
}

/** A list with what it leaves out. */
export function toRule({ users = [], groups = [] }: Partial<AccessRule>): AccessRule {
  return { users, groups };
}

/** Whether metadata fits what the document's collection declares. */
export function fitsDeclared(
  tenant: ModelTenant,
  { collection, metadata = {} }: Pick<DocumentWrite, 'collection' | 'metadata'>,
): boolean {
  const declared = tenant.collections.get(collection) ?? [];
  return declared.every(({ name, type }) => (metadata[name] ?? null) === null || fits(type, metadata[name]));
}

function toOutcome(tenant: ModelTenant, input: DocumentWrite): PredictedOutcome {
  const { id, collection, externalId, title, body, metadata = {}, status = 'published', acl } = input;
  const before =
    id !== undefined
      ? tenant.documents.get(id)
      : externalId === undefined
        ? undefined
        : findByKey(tenant, collection, externalId);
  const rule = acl && toRule(acl);
  const given = {
    collection,
    externalId: externalId ?? before?.externalId ?? null,
    title,
    body,
    metadata,
    status,
    acl: rule,
  };
  if (!before) {
    const fresh = { ...given, id: '', version: 1, pending: true, hadVectors: false, duty: undefined };
    return { status: 'CREATED', document: fresh, isQueued: true };
  }
  const isRewritten = title !== before.title || body !== before.body;
  const isChanged =
    isRewritten ||
    given.collection !== before.collection ||
    given.externalId !== before.externalId ||
    status !== before.status ||
    !isDeepStrictEqual(metadata, before.metadata) ||
    (rule && ruleText(rule)) !== (before.acl && ruleText(before.acl));
  if (!isChanged) return { status: 'UNCHANGED', document: before, isQueued: false };
  const document = {
    ...given,
    id: before.id,
    version: before.version + 1,
    pending: before.pending || isRewritten,
    hadVectors: before.hadVectors || !before.pending,
    duty: before.duty,
  };
  return { status: 'UPDATED', document, isQueued: isRewritten };
}

function findByKey(tenant: ModelTenant, collection: string, externalId: string): ModelDocument | undefined {
  return allOf(tenant).find((one) => one.collection === collection && one.externalId === externalId);
}

function keyOf(collection: string, externalId: string | null | undefined): string | undefined {
  return externalId === null || externalId === undefined ? undefined : `${collection}\0${externalId}`;
}

/** The first item of which something holds. */
export function firstIndex<Item>(items: readonly Item[], holds: (item: Item) => boolean): number | undefined {
  const index = items.findIndex(holds);
  return index < 0 ? undefined : index;
}

/** The first item with a name that an earlier one has. */
export function firstRepeated(names: readonly (readonly (string | undefined)[])[]): number | undefined {
  const seen = new Set<string>();
  for (const [index, own] of names.entries()) {
    for (const name of own) {
      if (name === undefined) continue;
      if (seen.has(name)) return index;
      seen.add(name);
    }
  }
  return undefined;
}
