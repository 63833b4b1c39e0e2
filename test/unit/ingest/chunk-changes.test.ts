import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ChunkId, DocumentId } from '../../../src/ids.ts';
import { findChunkChanges, type StoredChunk } from '../../../src/ingest/chunk-changes.ts';
import { contentHash } from '../../../src/ingest/content-hash.ts';
import type { ChunkRow } from '../../../src/ingest/upsert-statements.ts';

const documentId = 'document' as DocumentId;

/** Chunks of one document, one behind the other, ten characters each. */
function rows(prefix: string, texts: readonly string[], language = 'english'): ChunkRow[] {
  return texts.map((text, ordinal) => ({
    id: `${prefix}${ordinal}` as ChunkId,
    documentId,
    ordinal,
    context: '',
    text,
    start: 10 * ordinal,
    end: 10 * ordinal + 10,
    language,
    audience: 0,
    contentHash: contentHash('', text),
  }));
}

const stored = (texts: readonly string[], language?: string): StoredChunk[] => rows('old', texts, language);
const changes = (before: readonly string[], after: readonly string[]) =>
  findChunkChanges(stored(before), rows('new', after), () => false);
const letters = fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), { minLength: 1, maxLength: 12 });

describe('the changes of chunks', () => {
  test('are none for the same text', () => {
    expect(changes(['a', 'b', 'b'], ['a', 'b', 'b'])).toEqual({
      moved: [],
      added: [],
      removed: [],
      successors: new Map(),
    });
  });

  test('are one chunk for one paragraph of a hundred', () => {
    const before = Array.from({ length: 100 }, (_, i) => `paragraph ${i}`);
    const { moved, added, removed, successors } = changes(before, before.with(41, 'edited'));
    expect([moved, added.map(({ id }) => id), removed]).toEqual([[], ['new41'], ['old41']]);
    expect([...successors]).toEqual([['old41', 'new41']]);
  });

  test('move what follows a paragraph that comes, and embed the one', () => {
    const { moved, added, removed } = changes(['a', 'b', 'c'], ['x', 'a', 'b', 'c']);
    expect(moved).toEqual([
      { id: 'old0', ordinal: 1, start: 10, end: 20 },
      { id: 'old1', ordinal: 2, start: 20, end: 30 },
      { id: 'old2', ordinal: 3, start: 30, end: 40 },
    ]);
    expect([added.map(({ text }) => text), removed]).toEqual([['x'], []]);
  });

  test('keep paragraphs that change places', () => {
    const { moved, added, removed } = changes(['a', 'b', 'c'], ['c', 'a', 'b']);
    expect([moved.length, added, removed]).toEqual([3, [], []]);
  });

  test('hand the vectors of two paragraphs that become one to that one', () => {
    const { successors } = changes(['intro', 'sauna', 'bus'], ['intro', 'both']);
    expect([...successors]).toEqual([
      ['old1', 'new1'],
      ['old2', 'new1'],
    ]);
  });

  test('hand a vector to the paragraph at its place, before and behind what grew', () => {
    const before = ['a', 'b', 'c', 'd'];
    const { successors } = changes(before, ['A', 'b', 'x', 'y', 'c', 'D']);
    expect([...successors]).toEqual([
      ['old0', 'new0'],
      ['old3', 'new5'],
    ]);
  });

  test('leave nobody to answer for a paragraph that goes, where nothing comes', () => {
    expect(changes(['a', 'b'], ['a'])).toEqual({ moved: [], added: [], removed: ['old1'], successors: new Map() });
  });

  test('hand the vector of a paragraph that goes to one that stays and waits for its own', () => {
    const waits = (id: string) => id === 'old2';
    const { removed, successors } = findChunkChanges(stored(['a', 'b', 'c']), rows('new', ['b', 'c']), waits);
    expect([removed, [...successors]]).toEqual([['old0'], [['old0', 'old2']]]);
  });

  test('renew chunks whose language changes, because their words do', () => {
    const { added, removed } = findChunkChanges(stored(['a']), rows('new', ['a'], 'german'), () => false);
    expect([added.length, removed]).toEqual([1, ['old0']]);
  });

  test('lead from any text to any other, keep as much as both share, and hand every vector on where anything comes', () => {
    fc.assert(
      fc.property(letters, letters, (before, after) => {
        const { moved, added, removed, successors } = changes(before, after);
        const places = new Map(stored(before).map((chunk) => [chunk.id, { ...chunk, text: before[chunk.ordinal]! }]));
        for (const id of removed) places.delete(id);
        for (const { id, ...place } of moved) places.set(id, { ...places.get(id)!, ...place });
        const result = [...places.values(), ...added].sort((a, b) => a.ordinal - b.ordinal);
        expect(result.map(({ text }) => text)).toEqual(after);
        expect(result.map(({ start }) => start)).toEqual(after.map((_, i) => 10 * i));
        const shared = [...new Set(after)].reduce((sum, text) => {
          const count = (list: readonly string[]) => list.filter((one) => one === text).length;
          return sum + Math.min(count(before), count(after));
        }, 0);
        expect(places.size).toBe(shared);
        expect([...successors.keys()]).toEqual(added.length > 0 ? removed : []);
        for (const successor of successors.values()) expect(added.map(({ id }) => id)).toContain(successor);
      }),
      { numRuns: 500 },
    );
  });
});
