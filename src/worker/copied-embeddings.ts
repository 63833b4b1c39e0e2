import { type BinaryRow, shortField, uuidField } from '../db/copy-binary.ts';
import type { Copy, Execute } from '../db/database.ts';
import { halfvecParameter, vectorParameter } from '../db/vector-parameter.ts';
import type { TenantId } from '../ids.ts';
import {
  createVectorStageStatement,
  type EmbeddingRow,
  insertStagedEmbeddingsStatement,
  stagedVectors,
} from './vector-statements.ts';
import type { InsertEmbeddings } from './write-vectors.ts';

/** Inserts vectors through binary COPY into a temporary table. Once in a transaction, in the worker's scope of the tenant. */
export function copiedEmbeddings(tenantId: TenantId, modelId: number, execute: Execute, copy: Copy): InsertEmbeddings {
  return async (rows) => {
    await execute(createVectorStageStatement());
    await copy(stagedVectors, fieldsOf(rows));
    await execute(insertStagedEmbeddingsStatement(tenantId, modelId));
  };
}

function* fieldsOf(rows: readonly EmbeddingRow[]): Iterable<BinaryRow> {
  for (const { chunkId, coarse, full } of rows)
    yield [uuidField(chunkId), halfvecParameter(coarse), vectorParameter(full), shortField(full.length)];
}
