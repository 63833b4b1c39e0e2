import { innerProduct } from '../../src/vector.ts';
import type { Superuser } from './database.ts';

/** A vector as it is stored, read past every policy. */
export interface StoredVector {
  readonly chunkId: string;
  readonly full: Float32Array;
}

export async function readVectors(owner: Superuser, tenantId: string): Promise<StoredVector[]> {
  const { rows } = await owner.query<{ id: string; full: string }>(
    'select chunk_id as id, full_vector as full from embeddings where tenant_id = $1',
    [tenantId],
  );
  return rows.map(({ id, full }) => ({ chunkId: id, full: Float32Array.from(JSON.parse(full) as number[]) }));
}

/** The nearest by brute force, in this process: what a database should have found. */
export function nearestTo(query: Float32Array, vectors: readonly StoredVector[], count: number) {
  return vectors
    .map(({ chunkId, full }) => ({ chunkId, distance: -innerProduct(query, full) }))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, count);
}
