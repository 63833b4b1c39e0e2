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
  /** Of a removed chunk, the one that answers for its vectors: one that waits for its own. None where none waits. */
  readonly successors: ReadonlyMap<ChunkId, ChunkId>;
}

/** A chunk that may answer for the vectors of another. */
interface Candidate {
  readonly id: ChunkId;
  readonly start: number;
  readonly end: number;
  /** The kept chunk before it. */
  readonly behind: ChunkId | undefined;
}

/**
 * Compares the chunks of a document with those that it is to have. A stored chunk is kept where the same text comes under the
 * same headings, wherever that is now; of several alike, in their order.
 * @param stored in the order of their ordinals.
 * @param wanted in the order of their ordinals.
 * @param waits whether a stored chunk has no vector of its own yet, or is to get another.
 */
export function findChunkChanges(
  stored: readonly StoredChunk[],
  wanted: readonly ChunkRow[],
  waits: (id: ChunkId) => boolean,
): ChunkChanges {
  const unclaimed = Map.groupBy(stored, contentKey);
  const moved: ChunkPlace[] = [];
  const added: ChunkRow[] = [];
  const kept = new Set<ChunkId>();
  const waiting: Candidate[] = [];
  let last: ChunkId | undefined;
  for (const chunk of wanted) {
    const { ordinal, start, end } = chunk;
    const same = unclaimed.get(contentKey(chunk))?.shift();
    if (!same) {
      added.push(chunk);
      waiting.push({ id: chunk.id, start, end, behind: last });
      continue;
    }
    if (waits(same.id)) waiting.push({ id: same.id, start, end, behind: last });
    last = same.id;
    kept.add(same.id);
    if (same.ordinal !== ordinal || same.start !== start || same.end !== end) {
      moved.push({ id: same.id, ordinal, start, end });
    }
  }
  const removed = stored.filter(({ id }) => !kept.has(id));
  const grown = lengthOf(wanted) - lengthOf(stored);
  const successors = new Map<ChunkId, ChunkId>();
  last = undefined;
  for (const chunk of stored) {
    if (kept.has(chunk.id)) last = chunk.id;
    else if (waiting.length > 0) successors.set(chunk.id, nearest(chunk, last, waiting, grown).id);
  }
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
 * The chunk at the place of another before the edit: if there is one, behind the same kept chunk. Of several, what lies before
 * an edit keeps its distance from the beginning of the text, and what lies behind it from the end, so the smaller of both
 * differences tells.
 */
function nearest(
  old: StoredChunk,
  keptBefore: ChunkId | undefined,
  waiting: readonly Candidate[],
  grown: number,
): Candidate {
  const distance = ({ start, end }: Candidate) =>
    Math.min(Math.abs(start - old.start), Math.abs(end - grown - old.end));
  const neighbours = waiting.filter(({ behind }) => behind === keptBefore);
  const candidates = neighbours.length > 0 ? neighbours : waiting;
  return candidates.reduce((best, chunk) => (distance(chunk) < distance(best) ? chunk : best));
}
