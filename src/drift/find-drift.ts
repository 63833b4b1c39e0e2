import { type Database, readInFlight, type Statement } from '../db/database.ts';
import { workerScope } from '../db/scope.ts';
import type { ChunkId, TenantId } from '../ids.ts';
import type { Drift } from './drift.ts';
import { chunkPageStatement, type VectorPlace, vectorPageStatement } from './drift-statements.ts';

export interface DriftDeps {
  /** Connected as the worker's login. */
  readonly database: Database;
  /** The hash of what is embedded of a chunk, as ingest computes it. */
  readonly hashOf: (context: string, text: string) => Buffer;
  /** Waited for after each statement, with the time that it took: who looks may pause, or end the look by rejecting. */
  readonly afterPage?: (tookMs: number) => Promise<void>;
}

/** Rows of one statement. A full vector is some 6 kB, a chunk's text two. */
const pageSize = 2_000;

/**
 * Compares every chunk of a tenant with its vectors, some thousand at a time, in the order of their ids. What is written
 * meanwhile may or may not be seen.
 */
export async function* findDrift(
  { database, hashOf, afterPage }: DriftDeps,
  tenantId: TenantId,
): AsyncGenerator<Drift> {
  const scope = workerScope(tenantId);
  const readPage = async <Row>(statement: Statement<Row>): Promise<Row[]> => {
    const startedMs = performance.now();
    const [rows] = await readInFlight(database, scope, [statement]);
    await afterPage?.(performance.now() - startedMs);
    return rows as Row[];
  };
  for (let after: ChunkId | undefined; ; ) {
    const chunks = await readPage(chunkPageStatement(tenantId, after, pageSize));
    for (const { chunkId, context, text, contentHash, lacking, since } of chunks) {
      if (!hashOf(context, text).equals(contentHash)) yield { kind: 'altered', chunkId, since };
      else for (const modelId of lacking) yield { kind: 'missing', chunkId, modelId, since };
    }
    after = chunks.at(-1)?.chunkId;
    if (chunks.length < pageSize) break;
  }
  for (let after: VectorPlace | undefined; ; ) {
    const vectors = await readPage(vectorPageStatement(tenantId, after, pageSize));
    for (const { kind, chunkId, modelId, since } of vectors) if (kind) yield { kind, chunkId, modelId, since };
    after = vectors.at(-1);
    if (vectors.length < pageSize) return;
  }
}
