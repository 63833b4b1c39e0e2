import { type BinaryRow, integerField, timestampField, uuidField } from '../db/copy-binary.ts';
import type { Copy, Execute } from '../db/database.ts';
import type { DocumentId, TenantId } from '../ids.ts';
import type { RowWriter } from './row-writer.ts';
import {
  createStagesStatements,
  insertStagedChunksStatement,
  insertStagedDocumentsStatement,
  stagedChunks,
  stagedDocuments,
} from './staged-statements.ts';
import type { ChunkRow, DocumentRow } from './upsert-statements.ts';

/**
 * Writes rows through binary COPY, for loads: into temporary tables, because PostgreSQL refuses to copy into a table whose
 * policies apply to the role, and from there into the tables, where policies, grants, checks and foreign keys hold as for
 * any write. For one write of a transaction; the temporary tables go with it.
 * @param onSent called when the chunks are sent, which PostgreSQL then writes for longer than everything else takes.
 */
export function copiedRows(tenantId: TenantId, execute: Execute, copy: Copy, onSent: () => void): RowWriter {
  let hasStages = false;
  const stage = async (target: string, rows: Iterable<BinaryRow>) => {
    if (!hasStages) for (const statement of createStagesStatements()) await execute(statement);
    hasStages = true;
    await copy(target, rows);
  };
  return {
    async insertDocuments(rows) {
      await stage(stagedDocuments, rows.map(documentFields));
      const written = await execute(insertStagedDocumentsStatement(tenantId));
      return written as unknown as { id: DocumentId; version: number }[];
    },
    async insertChunks(rows) {
      if (rows.length === 0) return;
      await stage(stagedChunks, iterate(rows, chunkFields));
      const inserted = execute(insertStagedChunksStatement(tenantId));
      onSent();
      await inserted;
    },
  };
}

/** One at a time, so that no second copy of all texts is held. */
function* iterate<Row>(rows: readonly Row[], toFields: (row: Row) => BinaryRow): Iterable<BinaryRow> {
  for (const row of rows) yield toFields(row);
}

/** Version of `jsonb`'s binary format. */
const jsonbVersion = Buffer.from([1]);

function documentFields(row: DocumentRow, position: number): BinaryRow {
  return [
    integerField(position),
    uuidField(row.id),
    Buffer.from(row.collection),
    row.externalId === null ? null : Buffer.from(row.externalId),
    Buffer.from(row.title),
    Buffer.from(row.body),
    row.url === null ? null : Buffer.from(row.url),
    Buffer.concat([jsonbVersion, Buffer.from(row.metadata)]),
    Buffer.from(row.status),
    Buffer.from(row.language),
    row.contentHash,
    integerField(row.audience),
    row.expiresAt && timestampField(row.expiresAt),
  ];
}

function chunkFields(row: ChunkRow): BinaryRow {
  return [
    uuidField(row.id),
    uuidField(row.documentId),
    integerField(row.ordinal),
    Buffer.from(row.context),
    Buffer.from(row.text),
    integerField(row.start),
    integerField(row.end),
    Buffer.from(row.language),
    row.contentHash,
    integerField(row.audience),
  ];
}
