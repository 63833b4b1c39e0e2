import type { Execute } from '../db/database.ts';
import { type DocumentId, newDocumentId, type TenantId } from '../ids.ts';
import { chunkingMark } from './chunk-document.ts';
import { type CollectionSettings, undeclared } from './collection-settings.ts';
import { contentHash } from './content-hash.ts';
import {
  type DocumentInput,
  defaultStatus,
  InvalidDocumentError,
  namedTwice,
  type OnFault,
  type PlacedInput,
  unknownId,
  VersionConflictError,
} from './document-input.ts';
import { type DocumentRow, lockDocumentsStatement } from './upsert-statements.ts';

/** A document of a write, as it will be, with what is stored of it. */
export interface ResolvedDocument {
  /** Position in the write, from 0. */
  readonly index: number;
  readonly row: DocumentRow;
  /** Locked until the write ends; absent for a new document. */
  readonly existing: StoredDocument | undefined;
}

/** What is stored of a document that is to be written. */
export type StoredDocument =
  ReturnType<typeof lockDocumentsStatement> extends { execute(): Promise<(infer Row)[]> } ? Row : never;

/**
 * Finds and locks what each input means: a stored document by its id or its key, or a new one.
 * @param settings of the inputs' collections.
 * @param audiences of the inputs, in order.
 * @returns those without a fault, and deleted documents whose keys they take: an id that does not exist, a document that is
 *   named twice, a key that is another's, and a
 *   version that is not the expected one are faults.
 */
export async function resolveDocuments(
  tenantId: TenantId,
  inputs: readonly PlacedInput[],
  settings: ReadonlyMap<string, CollectionSettings>,
  audiences: readonly number[],
  execute: Execute,
  onFault: OnFault,
): Promise<{ resolved: ResolvedDocument[]; displaced: DocumentId[] }> {
  const ids = inputs.flatMap(({ input }) => input.id ?? []);
  const keys = inputs.flatMap(({ input }) => (input.id ? [] : (keyOf(input) ?? [])));
  const stored = await execute(lockDocumentsStatement(tenantId, ids, keys));
  const there = stored.filter(({ isGone }) => !isGone);
  const byId = new Map(there.map((one) => [one.id, one]));
  // Without those that have no key: a new document without one would be taken for them.
  const byKey = new Map(there.flatMap((one) => (keyOfStored(one) ? [[keyText(keyOfStored(one)), one] as const] : [])));
  const resolved = inputs.flatMap(({ index, input }, position): ResolvedDocument[] => {
    const existing = input.id ? byId.get(input.id) : byKey.get(keyText(keyOf(input)));
    const fault = findFault(index, input, existing);
    if (fault) onFault(fault);
    if (fault) return [];
    const collection = settings.get(input.collection) ?? undeclared;
    return [{ index, row: toRow(input, collection, audiences[position] as number, existing), existing }];
  });
  const { free, holders } = await withoutTakenKeys(tenantId, withoutDuplicates(resolved, onFault), execute, onFault);
  const wanted = new Set(free.flatMap(({ row }) => keyOf(row) ?? []).map(keyText));
  const gone = [...stored, ...holders].filter((one) => one.isGone && wanted.has(keyText(keyOfStored(one))));
  return { resolved: free, displaced: [...new Set(gone.map(({ id }) => id as DocumentId))] };
}

function findFault(index: number, input: DocumentInput, existing: StoredDocument | undefined) {
  if (input.id && !existing) return new InvalidDocumentError(index, unknownId);
  const version = existing?.version ?? 0;
  if (input.ifVersion !== undefined && input.ifVersion !== version)
    return new VersionConflictError(index, input.ifVersion, version);
  return undefined;
}

/** An id and a key may turn out to be the same document's. */
function withoutDuplicates(resolved: readonly ResolvedDocument[], onFault: OnFault): ResolvedDocument[] {
  const seen = new Map<string, number>();
  return resolved.filter(({ index, row }) => {
    const names = [row.id, keyText(keyOf(row))].filter((name) => name !== undefined);
    const earlier = names.map((name) => seen.get(name)).find((found) => found !== undefined);
    if (earlier !== undefined) onFault(namedTwice(index, earlier));
    else for (const name of names) seen.set(name, index);
    return earlier === undefined;
  });
}

/** A document that is named by its id may take another key, but not one that is taken. */
async function withoutTakenKeys(
  tenantId: TenantId,
  resolved: readonly ResolvedDocument[],
  execute: Execute,
  onFault: OnFault,
): Promise<{ free: ResolvedDocument[]; holders: StoredDocument[] }> {
  const moved = resolved.flatMap(({ index, row, existing }) => {
    const key = keyOf(row);
    return key && existing && keyText(key) !== keyText(keyOfStored(existing)) ? [{ index, key }] : [];
  });
  if (moved.length === 0) return { free: [...resolved], holders: [] };
  const keys = moved.map(({ key }) => key);
  const holders = await execute(lockDocumentsStatement(tenantId, [], keys));
  const held = new Set(holders.filter(({ isGone }) => !isGone).map((holder) => keyText(keyOfStored(holder))));
  const taken = moved.filter(({ key }) => held.has(keyText(key)));
  for (const { index, key } of taken) {
    const message = `the externalId ${JSON.stringify(key.externalId)} is another document's in the collection ${JSON.stringify(key.collection)}.`;
    onFault(new InvalidDocumentError(index, message));
  }
  return { free: resolved.filter(({ index }) => !taken.some((one) => one.index === index)), holders };
}

interface Key {
  readonly collection: string;
  readonly externalId: string;
}

function keyOf({ collection, externalId }: { collection: string; externalId?: string | null }): Key | undefined {
  return externalId == null ? undefined : { collection, externalId };
}

function keyOfStored({ collection, external_id: externalId }: StoredDocument): Key | undefined {
  return keyOf({ collection, externalId });
}

/** Neither part holds a NUL. */
function keyText(key: Key | undefined): string | undefined {
  return key && `${key.collection}\0${key.externalId}`;
}

/** Equal hashes mean equal chunks, so a collection that divides its documents in its own way is part of it. */
export function documentHash(
  { title, body, language, url, externalId }: Pick<DocumentRow, 'title' | 'body' | 'language' | 'url' | 'externalId'>,
  { chunking }: Pick<CollectionSettings, 'chunking'>,
): Buffer {
  return contentHash(title, body, language, ...chunkingMark({ url, externalId }, chunking));
}

function toRow(
  input: DocumentInput,
  collection: CollectionSettings,
  audience: number,
  existing: StoredDocument | undefined,
): DocumentRow {
  const language = input.language ?? collection.language;
  const externalId = input.externalId ?? existing?.external_id ?? null;
  const url = input.url ?? null;
  return {
    id: (existing?.id as DocumentId | undefined) ?? newDocumentId(),
    collection: input.collection,
    externalId,
    title: input.title,
    body: input.body,
    url,
    metadata: JSON.stringify(input.metadata ?? {}),
    status: input.status ?? defaultStatus,
    language,
    audience,
    contentHash: documentHash({ title: input.title, body: input.body, language, url, externalId }, collection),
    expiresAt: input.expiresAt ?? null,
  };
}
