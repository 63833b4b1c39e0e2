import type { Execute } from '../db/database.ts';
import type { ChunkId, DocumentId, JobId, TenantId } from '../ids.ts';
import { deleteJobsStatement, noteProgressStatement } from './job-statements.ts';
import { noteWrittenStatement } from './term-stats-statements.ts';
import {
  deleteMarksStatement,
  deleteOwnVectorsStatement,
  deleteStandInsStatement,
  type EmbeddingRow,
  insertEmbeddingsStatement,
  insertUnembeddableStatement,
  lockEditedDocumentsStatement,
} from './vector-statements.ts';

/** What a model made of chunks. */
export interface WrittenVectors {
  readonly embeddings: readonly EmbeddingRow[];
  /** Chunks in which it found nothing that it knows. */
  readonly unembeddable: readonly ChunkId[];
  /** Of every chunk of both. */
  readonly documentOf: ReadonlyMap<ChunkId, DocumentId>;
  /** True where no chunk was embedded before. */
  readonly isNew?: boolean;
}

/** How vectors get into the table. */
export type InsertEmbeddings = (rows: readonly EmbeddingRow[]) => Promise<unknown>;

/**
 * Writes what a model made of chunks and discharges their jobs, inside the worker's scope of their tenant. Where these were the
 * last chunks of an edited document, the vectors of its old text go in the same transaction.
 * @returns how long each chunk that was still due had waited, in seconds.
 */
export async function writeVectors(
  tenantId: TenantId,
  modelId: number,
  { embeddings, unembeddable, documentOf, isNew = false }: WrittenVectors,
  execute: Execute,
  insert: InsertEmbeddings = (rows) => execute(insertEmbeddingsStatement(tenantId, modelId, rows)),
): Promise<readonly number[]> {
  const chunkIds = [...documentOf.keys()];
  if (!isNew) {
    await execute(deleteOwnVectorsStatement(tenantId, modelId, chunkIds));
    await execute(deleteMarksStatement(tenantId, modelId, chunkIds));
  }
  if (embeddings.length > 0) await insert(embeddings);
  if (unembeddable.length > 0) await execute(insertUnembeddableStatement(tenantId, modelId, unembeddable));
  await execute(lockEditedDocumentsStatement(tenantId, modelId, [...new Set(documentOf.values())]));
  const discharged = await execute(deleteJobsStatement(tenantId, modelId, chunkIds));
  // Of chunks that were still due only: their rows are locked by now, so nobody edits their documents.
  const finished = new Set(discharged.flatMap(({ chunkId }) => documentOf.get(chunkId) ?? []));
  await execute(deleteStandInsStatement(tenantId, modelId, [...finished]));
  const progress = new Map<JobId, number>();
  for (const { jobId } of discharged) if (jobId !== null) progress.set(jobId, (progress.get(jobId) ?? 0) + 1);
  if (progress.size > 0) await execute(noteProgressStatement(tenantId, progress));
  await execute(noteWrittenStatement(tenantId, discharged.length));
  return discharged.map(({ waitedSeconds }) => waitedSeconds);
}
