import { expect, test } from 'vitest';
import { readBearerToken } from '../../../src/auth/bearer.ts';

test.each(['Bearer a.b-c_d.e', 'bearer a.b-c_d.e', 'BEARER   a.b-c_d.e', 'Bearer a.b-c_d.e '])(
  '%j holds a token',
  (header) => {
    expect(readBearerToken(header)).toBe('a.b-c_d.e');
  },
);

test.each([null, '', '  '])('%j is a missing header', (header) => {
  expect(() => readBearerToken(header)).toThrow(
    expect.objectContaining({
      code: 'UNAUTHENTICATED',
      message: 'The request has no Authorization header. Send "Authorization: Bearer <token>".',
    }),
  );
});

test.each([
  'Bearer',
  'Bearer ',
  'Bearertoken',
  'Basic dXNlcjpwYXNz',
  'abc.def.ghi',
  'Bearer abc def',
  'Bearer abc, Bearer def',
  'Bearer "abc"',
  'Bearer <token>',
  'Bearer абв',
  'Bearer abc\nX-Other: 1',
  ' Bearer abc',
])('%j is refused without being repeated', (header) => {
  expect(() => readBearerToken(header)).toThrow(
    expect.objectContaining({
      code: 'UNAUTHENTICATED',
      message: 'The Authorization header does not hold one bearer token. Send "Authorization: Bearer <token>".',
    }),
  );
});

test('a header of a megabyte is answered at once', () => {
  const started = performance.now();
  expect(() => readBearerToken(`Bearer ${'a='.repeat(500_000)}`)).toThrow('one bearer token');
  expect(performance.now() - started).toBeLessThan(500);
});
