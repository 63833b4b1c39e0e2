import type { Execute } from '../db/database.ts';
import type { DocumentId, TenantId } from '../ids.ts';
import {
  type ChunkRow,
  type DocumentRow,
  insertChunksStatement,
  insertDocumentsStatement,
} from './upsert-statements.ts';

/** How new rows get into the tables, inside a write's transaction. What the rows are is decided before. */
export interface RowWriter {
  /** @returns the id and version under which each was stored, in order: another's where another write was faster. */
  insertDocuments(rows: readonly DocumentRow[]): Promise<readonly { id: DocumentId; version: number }[]>;
  insertChunks(rows: readonly ChunkRow[]): Promise<void>;
}

/** Rows a statement inserts at most: ten parameters each, and the protocol numbers parameters with 16 bits. */
const rowsPerStatement = 1_000;

/** Writes rows as parameters of `insert` statements: for writes of a request's size. */
export function insertedRows(tenantId: TenantId, execute: Execute): RowWriter {
  return {
    async insertDocuments(rows) {
      const written = await execute(insertDocumentsStatement(tenantId, rows));
      return written as unknown as { id: DocumentId; version: number }[];
    },
    async insertChunks(rows) {
      for (let start = 0; start < rows.length; start += rowsPerStatement)
        await execute(insertChunksStatement(tenantId, rows.slice(start, start + rowsPerStatement)));
    },
  };
}
