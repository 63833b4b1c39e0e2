import { sql } from 'kysely';
import { sqlBuilder } from '../db/compile.ts';
import { documentPredicate } from '../db/document-filter.ts';
import type { DocumentFilter } from '../filter.ts';
import type { ChunkId, TenantId } from '../ids.ts';

/** Which of the tenant's documents a search may return, besides what row-level security permits. */
export interface DocumentSelection {
  readonly collections?: readonly string[] | undefined;
  readonly filter: DocumentFilter;
  /** Passages that a search started from: they would be their own nearest. */
  readonly exceptChunks: readonly ChunkId[];
  /**
   * True where the tenant has access lists, so that documents may be hidden from the caller. The policies hide them whatever
   * this says: it decides how they are looked past.
   */
  readonly hasAccessLists?: boolean;
}

/** Quoted phrases, excluded and required words, which a passage must satisfy whichever half finds it. */
export interface TextConditions {
  /** In the syntax of `websearch_to_tsquery`; read anew in each of the tenant's languages. */
  readonly conditions: string;
}

/** What the words of a query ask of every passage; undefined where they ask nothing. */
export function conditionsOf({ conditions }: { readonly conditions?: string | undefined }): TextConditions | undefined {
  return conditions === undefined ? undefined : { conditions };
}

/** Ids of the chunks that satisfy the conditions, for the right side of an `in`. */
export function matchingChunks({ conditions }: TextConditions) {
  return sql<ChunkId>`(select matching_chunks(${conditions}))`;
}

/**
 * True of a row of `chunks` that satisfies the conditions, for few rows that are read anyway: no index serves this. Conditions of
 * nothing but stop words ask for nothing.
 */
export function satisfies({ conditions }: TextConditions) {
  const asked = sql`websearch_to_tsquery(chunks.language::regconfig, ${conditions})`;
  return sql<boolean>`(numnode(${asked}) = 0 or chunks.tsv @@ ${asked})`;
}

/**
 * True when the selection excludes nothing, so that a stage need not look at documents at all. What access lists hide is
 * told by the stage's own rows.
 */
export function selectsAll(selection: DocumentSelection): boolean {
  return selection.collections === undefined && Object.values(selection.filter).every((part) => part === undefined);
}

/** True when any chunk but those few that the search started from may be returned: an index's own order then serves. */
export function permitsAll(selection: DocumentSelection, conditions: unknown): boolean {
  return selectsAll(selection) && conditions === undefined && !selection.hasAccessLists;
}

/**
 * What the policy of readers asks of a row, as a condition that an index serves: the policy itself is an `or`, for which
 * all rows of the tenant are read. To be used where there are access lists.
 * @param audience a table's column.
 */
export function isPermitted(audience: `${'documents' | 'chunks' | 'embeddings'}.audience`) {
  return sql<boolean>`${sql.ref(audience)} = any (array(select 0 union all select permitted_audiences()))`;
}

/** Ids of the selected documents, for the right side of an `in`. */
export function selectedDocuments(tenantId: TenantId, selection: DocumentSelection) {
  return sqlBuilder
    .selectFrom('documents')
    .select('documents.id')
    .where('documents.tenant_id', '=', tenantId)
    .where((eb) => documentPredicate(eb, tenantId, selection.filter))
    .$if(selection.hasAccessLists === true, (query) => query.where(isPermitted('documents.audience')))
    .$if(selection.collections !== undefined, (query) =>
      query.where('documents.collection', '=', sql<string>`any(${selection.collections})`),
    );
}
