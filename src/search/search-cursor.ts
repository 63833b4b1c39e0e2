import { decodeCursor, encodeCursor, fingerprint } from '../cursor.ts';
import { Refusal } from '../errors.ts';

/** Digits of an item's id that a cursor keeps: 48 random bits tell ten thousand items apart. */
const digits = 12;

/** A search's own cursors: each names the items that it and the pages before it had, so that no later page has them again. */
export interface SearchCursors {
  /** Reads `after`; nothing was seen without one. */
  read(after: string | undefined): string[];
  /** The cursor behind an item, given those before it. */
  write(seen: readonly string[]): string;
}

/** @param asked everything that decides the ranking: the tenant, the model and the request without its page. */
export function createSearchCursors(asked: unknown): SearchCursors {
  // Most searches neither have a cursor nor ask for one.
  let known: string | undefined;
  const list = () => {
    known ??= fingerprint(['search', asked]);
    return known;
  };
  return {
    read(after) {
      if (after === undefined) return [];
      const [packed] = decodeCursor(list(), after);
      const seen = typeof packed === 'string' ? Buffer.from(packed, 'base64url').toString('hex') : '';
      if (seen.length === 0 || seen.length % digits !== 0) {
        throw new Refusal('INVALID_CURSOR', 'The cursor given as "after" names no place in this search.');
      }
      return seen.match(/.{12}/g) ?? [];
    },
    write: (seen) => encodeCursor(list(), [Buffer.from(seen.join(''), 'hex').toString('base64url')]),
  };
}

/** What a cursor keeps of an item's id, a UUID. */
export function itemMark(itemId: string): string {
  return itemId.slice(-digits);
}
