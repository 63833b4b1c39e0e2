import { type BinaryRow, integerField, shortField, uuidField } from '../db/copy-binary.ts';
import type { Copy, Execute } from '../db/database.ts';
import { halfvecParameter, vectorParameter } from '../db/vector-parameter.ts';
import type { TenantId } from '../ids.ts';
import {
  createVectorStageStatement,
  insertStagedEmbeddingsStatement,
  type PlacedEmbedding,
  stagedVectors,
} from './vector-statements.ts';

/**
 * Inserts vectors through binary COPY into a temporary table. Once in a transaction, in the worker's scope of the tenant.
 * @param rows of chunks whose jobs this transaction holds.
 */
export async function copyEmbeddings(
  tenantId: TenantId,
  modelId: number,
  rows: readonly PlacedEmbedding[],
  execute: Execute,
  copy: Copy,
): Promise<void> {
  await execute(createVectorStageStatement());
  await copy(stagedVectors, fieldsOf(rows));
  await execute(insertStagedEmbeddingsStatement(tenantId, modelId));
}

function* fieldsOf(rows: readonly PlacedEmbedding[]): Iterable<BinaryRow> {
  for (const { chunkId, documentId, audience, coarse, full } of rows)
    yield [
      uuidField(chunkId),
      uuidField(documentId),
      integerField(audience),
      halfvecParameter(coarse),
      vectorParameter(full),
      shortField(full.length),
    ];
}
