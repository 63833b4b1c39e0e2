import type { ChunkId, DocumentId } from '../ids.ts';
import type { ChunkRow } from './upsert-statements.ts';

/** A chunk as it is stored. */
export interface StoredChunk {
  readonly id: ChunkId;
  readonly documentId: DocumentId;
  readonly ordinal: number;
  readonly start: number;
  readonly end: number;
  readonly language: string;
  readonly contentHash: Buffer;
}

/** Where a chunk stands in its document. */
export interface ChunkPlace {
  readonly id: ChunkId;
  readonly ordinal: number;
  readonly start: number;
  readonly end: number;
}

/** What an edit does to the chunks of one document. */
export interface ChunkChanges {
  /** Chunks that are what they were and stand elsewhere now: they keep their ids and their vectors. */
  readonly moved: readonly ChunkPlace[];
  readonly added: readonly ChunkRow[];
  readonly removed: readonly ChunkId[];
  /** The added chunk that answers for the vectors of a removed one; none where nothing was added. */
  readonly successors: ReadonlyMap<ChunkId, ChunkId>;
}

/**
 * Compares the chunks of a document with those that it is to have. A stored chunk is kept where the same text comes under the
 * same headings, wherever that is now; of several alike, in their order.
 * @param stored in the order of their ordinals.
 * @param wanted in the order of their ordinals.
 */
export function findChunkChanges(stored: readonly StoredChunk[], wanted: readonly ChunkRow[]): ChunkChanges {
  const unclaimed = Map.groupBy(stored, contentKey);
  const moved: ChunkPlace[] = [];
  const added: ChunkRow[] = [];
  const kept = new Set<ChunkId>();
  for (const chunk of wanted) {
    const same = unclaimed.get(contentKey(chunk))?.shift();
    if (!same) {
      added.push(chunk);
      continue;
    }
    kept.add(same.id);
    const { ordinal, start, end } = chunk;
    if (same.ordinal !== ordinal || same.start !== start || same.end !== end) {
      moved.push({ id: same.id, ordinal, start, end });
    }
  }
  const removed = stored.filter(({ id }) => !kept.has(id));
  const length = { stored: lengthOf(stored), wanted: lengthOf(wanted) };
  const successors = new Map(
    removed.flatMap((chunk) => {
      const successor = nearest(chunk, added, length);
      return successor ? [[chunk.id, successor.id] as const] : [];
    }),
  );
  return { moved, added, removed: removed.map(({ id }) => id), successors };
}

/** The language decides the words of a chunk, which are stored with it. */
function contentKey({ language, contentHash }: { readonly language: string; readonly contentHash: Buffer }): string {
  return `${language} ${contentHash.toString('hex')}`;
}

function lengthOf(chunks: readonly { readonly end: number }[]): number {
  return chunks.at(-1)?.end ?? 0;
}

/**
 * The chunk at the place of another before the edit. What lies before an edit keeps its distance from the beginning of the
 * text, and what lies behind it from the end, so the smaller of both differences tells.
 */
function nearest(
  old: StoredChunk,
  added: readonly ChunkRow[],
  length: { readonly stored: number; readonly wanted: number },
): ChunkRow | undefined {
  const distance = ({ start, end }: ChunkRow) =>
    Math.min(Math.abs(start - old.start), Math.abs(length.wanted - end - (length.stored - old.end)));
  let best: ChunkRow | undefined;
  for (const chunk of added) if (!best || distance(chunk) < distance(best)) best = chunk;
  return best;
}
