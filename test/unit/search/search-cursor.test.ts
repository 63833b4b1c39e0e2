import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createSearchCursors, itemMark } from '../../../src/search/search-cursor.ts';

const asked = ['alpha', 1, { subject: { kind: 'text', text: 'hot water' } }];

describe("a search's cursor", () => {
  const cursors = createSearchCursors(asked);

  test('names all items that it and the pages before it had', () => {
    const marks = Array.from({ length: 10_000 }, () => itemMark(randomUUID()));
    expect(cursors.read(cursors.write(marks))).toEqual(marks);
    expect(cursors.read(undefined)).toEqual([]);
  });

  test('of another search is refused', () => {
    const other = createSearchCursors(['beta', 1, asked[2]]);
    expect(() => cursors.read(other.write(['0123456789ab']))).toThrow(/belongs to another query/);
  });

  test.each([[[]], [['0123456789']]])('that names no items is refused: %j', (marks) => {
    expect(() => cursors.read(cursors.write(marks))).toThrow(/names no place|is not one/);
  });
});
