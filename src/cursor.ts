import { createHash } from 'node:crypto';
import { Refusal } from './errors.ts';

/**
 * A place in a list, as an opaque string. It is bound to the list by a fingerprint of what was asked: a cursor of another
 * query, tenant or filter is refused and never silently misread.
 */
export function encodeCursor(fingerprint: string, place: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify([fingerprint, ...place])).toString('base64url');
}

/**
 * Reads a cursor that {@link encodeCursor} made for the same list.
 * @returns the place.
 * @throws {Refusal} `INVALID_CURSOR` when it is no cursor, or another list's.
 */
export function decodeCursor(fingerprint: string, cursor: string): (string | number)[] {
  const parts = parse(cursor);
  if (!parts) {
    throw new Refusal(
      'INVALID_CURSOR',
      'The cursor given as "after" is not one. Pass the `endCursor` or `cursor` of an earlier page, unchanged.',
    );
  }
  const [found, ...place] = parts;
  if (found !== fingerprint) {
    throw new Refusal(
      'INVALID_CURSOR',
      'The cursor given as "after" belongs to another query. Use it with the same tenant, text, mode and filter that it came from.',
    );
  }
  return place;
}

/** A search's cursor takes 11 characters for each item that its pages had, of which there are 10,000 at most. */
const mostCharacters = 120_000;

function parse(cursor: string): (string | number)[] | undefined {
  if (cursor.length > mostCharacters || !/^[A-Za-z0-9_-]+$/.test(cursor)) return undefined;
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    if (!Array.isArray(value)) return undefined;
    const isPlace = value.every(
      (part) => typeof part === 'string' || (typeof part === 'number' && Number.isFinite(part)),
    );
    return isPlace ? value : undefined;
  } catch {
    return undefined;
  }
}

/** A short digest of what a list was asked for; the order of an object's keys does not matter. */
export function fingerprint(value: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify(canonical(value)))
    .digest('base64url')
    .slice(0, 16);
}

function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Float32Array)
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64');
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, canonical(inner)]));
}
