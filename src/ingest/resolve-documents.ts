import type { Execute } from '../db/database.ts';
import { type DocumentId, newDocumentId, type TenantId } from '../ids.ts';
import { chunkingMark } from './chunk-document.ts';
import { type CollectionSettings, undeclared } from './collection-settings.ts';
import { contentHash } from './content-hash.ts';
import { type DocumentInput, defaultStatus, InvalidDocumentError, namedTwice } from './document-input.ts';
import { type DocumentRow, lockDocumentsStatement } from './upsert-statements.ts';

/** A document of a write, as it will be, with what is stored of it. */
export interface ResolvedDocument {
  readonly row: DocumentRow;
  /** Locked until the write ends; absent for a new document. */
  readonly existing: StoredDocument | undefined;
}

type StoredDocument =
  ReturnType<typeof lockDocumentsStatement> extends { execute(): Promise<(infer Row)[]> } ? Row : never;

/**
 * Finds and locks what each input means: a stored document by its id or its key, or a new one.
 * @param settings of the inputs' collections.
 * @param audiences of the inputs, in order.
 * @throws {InvalidDocumentError} for an id that does not exist, a document that is named twice, and a key that is another's.
 */
export async function resolveDocuments(
  tenantId: TenantId,
  inputs: readonly DocumentInput[],
  settings: ReadonlyMap<string, CollectionSettings>,
  audiences: readonly number[],
  execute: Execute,
): Promise<ResolvedDocument[]> {
  const ids = inputs.flatMap((input) => input.id ?? []);
  const keys = inputs.flatMap((input) => (input.id ? [] : (keyOf(input) ?? [])));
  const stored = await execute(lockDocumentsStatement(tenantId, ids, keys));
  const byId = new Map(stored.map((one) => [one.id, one]));
  // Without those that have no key: a new document without one would be taken for them.
  const byKey = new Map(stored.flatMap((one) => (keyOfStored(one) ? [[keyText(keyOfStored(one)), one] as const] : [])));
  const resolved = inputs.map((input, index): ResolvedDocument => {
    const existing = input.id ? byId.get(input.id) : byKey.get(keyText(keyOf(input)));
    if (input.id && !existing)
      throw new InvalidDocumentError(index, 'there is no document with the id that was given.');
    const collection = settings.get(input.collection) ?? undeclared;
    return { row: toRow(input, collection, audiences[index] as number, existing), existing };
  });
  refuseDuplicates(resolved);
  await refuseTakenKeys(tenantId, resolved, execute);
  return resolved;
}

/** An id and a key may turn out to be the same document's. */
function refuseDuplicates(resolved: readonly ResolvedDocument[]): void {
  const seen = new Map<string, number>();
  for (const [index, { row }] of resolved.entries()) {
    for (const name of [row.id, keyText(keyOf(row))]) {
      if (name === undefined) continue;
      const earlier = seen.get(name);
      if (earlier !== undefined) throw namedTwice(index, earlier);
      seen.set(name, index);
    }
  }
}

/** A document that is named by its id may take another key, but not one that is taken. */
async function refuseTakenKeys(
  tenantId: TenantId,
  resolved: readonly ResolvedDocument[],
  execute: Execute,
): Promise<void> {
  const moved = resolved.flatMap(({ row, existing }, index) => {
    const key = keyOf(row);
    return key && existing && keyText(key) !== keyText(keyOfStored(existing)) ? [{ index, key }] : [];
  });
  if (moved.length === 0) return;
  const keys = moved.map(({ key }) => key);
  const holders = await execute(lockDocumentsStatement(tenantId, [], keys));
  const held = new Set(holders.map((holder) => keyText(keyOfStored(holder))));
  const taken = moved.find(({ key }) => held.has(keyText(key)));
  if (!taken) return;
  const { externalId, collection } = taken.key;
  throw new InvalidDocumentError(
    taken.index,
    `the externalId ${JSON.stringify(externalId)} is another document's in the collection ${JSON.stringify(collection)}.`,
  );
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

function toRow(
  input: DocumentInput,
  collection: CollectionSettings,
  audience: number,
  existing: StoredDocument | undefined,
): DocumentRow {
  const language = input.language ?? collection.language;
  const externalId = input.externalId ?? existing?.external_id ?? null;
  const url = input.url ?? null;
  const { chunking } = collection;
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
    // Equal hashes mean equal chunks, so a collection that divides its documents in its own way is part of it.
    contentHash: contentHash(input.title, input.body, language, ...chunkingMark({ url, externalId }, chunking)),
  };
}
