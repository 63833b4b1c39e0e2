import type { Principal } from '../auth/principal.ts';
import { decodeCursor, encodeCursor, fingerprint } from '../cursor.ts';
import { type Database, readInFlight } from '../db/database.ts';
import { itemScope, listScope } from '../db/scope.ts';
import { readAsTenant } from '../db/tenant.ts';
import type { Document } from '../document.ts';
import { Refusal } from '../errors.ts';
import type { DocumentFilter } from '../filter.ts';
import { type DocumentId, isDocumentId } from '../ids.ts';
import { checkPageSize, type Page, toPage } from '../page.ts';
import {
  bodiesByIdStatement,
  type DocumentKey,
  documentListStatement,
  documentsByIdStatement,
  documentsByKeyStatement,
  pendingChunksStatement,
} from './document-statements.ts';

export interface DocumentDeps {
  readonly database: Database;
}

/** A document of a page, with the cursor that leads on from it. */
export interface ListedDocument {
  readonly document: Document;
  readonly cursor: string;
}

export interface ListDocumentsRequest {
  readonly filter?: DocumentFilter;
  readonly first?: number | null;
  readonly after?: string | null;
}

/** The tenant's documents with these ids, in no order; those of nobody or of another tenant are not among them. */
export async function readDocuments(
  deps: DocumentDeps,
  principal: Principal,
  ids: readonly DocumentId[],
): Promise<Document[]> {
  const statement = documentsByIdStatement(principal.tenantId, ids);
  const [rows] = await readInFlight(deps.database, itemScope(principal), [statement]);
  return rows;
}

/** The tenant's documents with these keys, in no order; those of nobody or of another tenant are not among them. */
export async function readDocumentsByKey(
  deps: DocumentDeps,
  principal: Principal,
  keys: readonly DocumentKey[],
): Promise<Document[]> {
  // No stored text has a NUL or half a character, and PostgreSQL refuses to be asked for one.
  const possible = keys.filter(({ collection, externalId }) => isStorable(collection) && isStorable(externalId));
  if (possible.length === 0) return [];
  const statement = documentsByKeyStatement(principal.tenantId, possible);
  const [rows] = await readInFlight(deps.database, listScope(principal), [statement]);
  return rows;
}

function isStorable(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}

/** Bodies by document id, for the documents that are the tenant's. */
export async function readBodies(
  deps: DocumentDeps,
  principal: Principal,
  ids: readonly DocumentId[],
): Promise<Map<DocumentId, string>> {
  const rows = await readAsTenant(deps.database, principal, bodiesByIdStatement(principal.tenantId, ids));
  return new Map(rows.map((row) => [row.id as DocumentId, row.body]));
}

/** Number of chunks that wait for their vector, by document id; a document without any is absent. */
export async function readPendingChunks(
  deps: DocumentDeps,
  principal: Principal,
  ids: readonly DocumentId[],
): Promise<Map<DocumentId, number>> {
  const rows = await readAsTenant(deps.database, principal, pendingChunksStatement(principal.tenantId, ids));
  return new Map(rows.map((row) => [row.id as DocumentId, row.pending]));
}

/**
 * One page of the tenant's documents, oldest first. Documents that come or go between pages neither repeat nor hide others.
 * @throws {Refusal} `BAD_USER_INPUT` or `INVALID_CURSOR`.
 */
export async function listDocuments(
  deps: DocumentDeps,
  principal: Principal,
  request: ListDocumentsRequest,
): Promise<Page<ListedDocument>> {
  const first = checkPageSize(request.first);
  const filter = request.filter ?? {};
  const list = fingerprint(['documents', principal.tenantId, filter]);
  const statement = documentListStatement(principal.tenantId, {
    filter,
    ...(request.after != null && { after: readPlace(list, request.after) }),
    limit: first + 1,
  });
  const [rows] = await readInFlight(deps.database, listScope(principal), [statement]);
  const { items, hasNextPage } = toPage(rows, first);
  return { items: items.map((document) => ({ document, cursor: encodeCursor(list, [document.id]) })), hasNextPage };
}

function readPlace(list: string, cursor: string): DocumentId {
  const [id] = decodeCursor(list, cursor);
  if (typeof id === 'string' && isDocumentId(id)) return id;
  throw new Refusal('INVALID_CURSOR', 'The cursor given as "after" names no document.');
}
