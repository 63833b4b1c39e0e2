import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeCursor, encodeCursor, fingerprint } from '../../src/cursor.ts';
import { Refusal } from '../../src/errors.ts';

const list = fingerprint(['documents', 'alpha', {}]);

const refusalOf = (read: () => unknown): unknown => {
  try {
    return read();
  } catch (error) {
    return error instanceof Refusal ? error.code : error;
  }
};

describe('a cursor', () => {
  const place = fc.array(fc.oneof(fc.string({ maxLength: 50 }), fc.double({ noNaN: true, noDefaultInfinity: true })), {
    maxLength: 5,
  });

  test('gives back the place that it was made of, numbers to the last bit', () => {
    fc.assert(
      fc.property(place, (parts) => {
        // JSON has one zero.
        const expected = parts.map((part) => (part === 0 ? 0 : part));
        expect(decodeCursor(list, encodeCursor(list, parts))).toEqual(expected);
      }),
    );
  });

  test('is one word that needs no escaping in a URL', () => {
    fc.assert(
      fc.property(place, (parts) => {
        expect(encodeCursor(list, parts)).toMatch(/^[A-Za-z0-9_-]+$/);
      }),
    );
  });

  test('of another list is refused', () => {
    const other = encodeCursor(fingerprint(['documents', 'beta', {}]), ['x']);
    expect(refusalOf(() => decodeCursor(list, other))).toBe('INVALID_CURSOR');
    expect(() => decodeCursor(list, other)).toThrow(/belongs to another query/);
  });

  test('that is none is refused, whatever it is', () => {
    const any = fc.oneof(
      fc.string(),
      fc.base64String(),
      fc.json().map((json) => Buffer.from(json).toString('base64url')),
    );
    fc.assert(
      fc.property(any, (text) => {
        expect(refusalOf(() => decodeCursor(list, text))).toBe('INVALID_CURSOR');
      }),
    );
  });
});

describe('a fingerprint', () => {
  test('is the same for the same request, in whatever order its fields come', () => {
    expect(fingerprint({ a: 1, b: { c: [1, 2], d: 'x' } })).toBe(fingerprint({ b: { d: 'x', c: [1, 2] }, a: 1 }));
    expect(fingerprint({ a: 1, b: undefined })).toBe(fingerprint({ a: 1 }));
  });

  test('differs where anything differs', () => {
    const requests = [
      {},
      { a: 1 },
      { a: '1' },
      { a: null },
      { a: [1] },
      { a: [1, 2] },
      { a: [2, 1] },
      { a: { b: 1 } },
      { b: 1 },
      { a: new Date(0) },
      { a: new Date(1) },
      { a: Float32Array.of(1, 2) },
      { a: Float32Array.of(1, 3) },
      ['a', 1],
      'a',
    ];
    expect(new Set(requests.map(fingerprint)).size).toBe(requests.length);
  });
});
