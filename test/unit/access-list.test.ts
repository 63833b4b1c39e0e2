import { expect, test } from 'vitest';
import { findAccessListFault, normaliseAccessList } from '../../src/access-list.ts';

test('a list of 1 to 256 names that a token could hold has no fault', () => {
  const many = (count: number) => Array.from({ length: count }, (_, index) => `name ${index}`);
  expect(findAccessListFault({ users: ['ann'], groups: [] })).toBeUndefined();
  expect(findAccessListFault({ users: [], groups: ['x'.repeat(256)] })).toBeUndefined();
  expect(findAccessListFault({ users: many(128), groups: many(128) })).toBeUndefined();
  expect(findAccessListFault({ users: many(129), groups: many(128) })).toMatch(
    /^has 257 users and groups; at most 256/,
  );
});

test.each([
  ['', 'an empty one'],
  ['x'.repeat(257), 'a long one'],
  ['a\0', 'one with a NUL'],
  ['\ud800', 'half a character'],
])('a name that no token could hold is a fault: %j, %s', (name) => {
  expect(findAccessListFault({ users: ['ann'], groups: ['ok', name] })).toMatch(/number 1 of groups/);
  expect(findAccessListFault({ users: [name], groups: [] })).toMatch(/number 0 of users/);
});

test('lists that permit the same are equal once they are normalised, and others are not', () => {
  const list = { users: ['ann', 'bob'], groups: ['staff'] };
  expect(normaliseAccessList({ users: ['bob', 'ann', 'bob'], groups: ['staff', 'staff'] })).toEqual(list);
  expect(normaliseAccessList({ users: ['bob', 'Ann'], groups: ['staff'] })).not.toEqual(list);
});
