import { GraphQLError } from 'graphql';
import { beforeEach, describe, expect, test } from 'vitest';
import { Refusal } from '../../../src/errors.ts';
import { createErrorMask } from '../../../src/http/error-response.ts';
import { createLogger } from '../../../src/log.ts';

const logged: { level: string; msg: string; err?: { message: string; cause?: { message: string } } }[] = [];
const log = createLogger({ level: 'debug', destination: { write: (line) => logged.push(JSON.parse(line)) } });
const mask = createErrorMask({ log, requestTimeoutMs: 50 });
beforeEach(() => void logged.splice(0));

/** As GraphQL wraps what a resolver throws. */
const thrownBy = (field: string, originalError: Error) =>
  new GraphQLError(originalError.message, { path: [field], originalError });

describe('a refusal', () => {
  test('keeps its sentence, its code and its place, however often it was wrapped', () => {
    const refusal = new Refusal('INVALID_CURSOR', 'The cursor is none.', { cause: new Error('secret') });
    const masked = mask(thrownBy('search', thrownBy('search', refusal)));
    expect(masked.toJSON()).toEqual({
      message: 'The cursor is none.',
      path: ['search'],
      extensions: { code: 'INVALID_CURSOR', requestId: 'none', http: { status: 400 } },
    });
    expect(logged).toEqual([]);
  });

  test('that is no fault of the caller is logged with its cause', () => {
    const refusal = new Refusal('DATABASE_UNAVAILABLE', 'Try again.', { cause: new Error('connect ECONNREFUSED') });
    expect(mask(refusal).extensions).toMatchObject({ code: 'DATABASE_UNAVAILABLE', http: { status: 503 } });
    expect(logged).toMatchObject([{ level: 'warn', err: { cause: { message: 'connect ECONNREFUSED' } } }]);
  });

  test('for want of a token says how to authenticate', () => {
    expect(mask(new Refusal('UNAUTHENTICATED', 'No token.')).extensions.http).toEqual({
      status: 401,
      headers: { 'www-authenticate': 'Bearer' },
    });
  });
});

describe('a fault in the GraphQL request', () => {
  test('keeps the words of the library, and has status 400', () => {
    const masked = mask(
      new GraphQLError('Cannot query field "x".', { extensions: { code: 'X', http: { status: 400 } } }),
    );
    expect(masked.message).toBe('Cannot query field "x".');
    expect(mask(new GraphQLError('Bad.', { path: ['a'] })).extensions).toMatchObject({
      code: 'BAD_USER_INPUT',
      http: { status: 400, spec: false },
    });
  });

  test('quotes only so much of what was received', () => {
    expect(mask(new GraphQLError(`Invalid "${'😀'.repeat(1_000)}".`)).message).toHaveLength(504);
  });

  test('says nothing that the library put beside it', () => {
    const extensions = { code: 'BAD_REQUEST', http: { status: 400 }, originalError: { stack: 'at file.ts' } };
    expect(Object.keys(mask(new GraphQLError('Bad.', { extensions })).extensions)).toEqual([
      'code',
      'http',
      'requestId',
    ]);
  });
});

describe('what the platform throws', () => {
  test.each([
    ['a time-out', new DOMException('timed out', 'TimeoutError'), 'REQUEST_TIMEOUT', /longer than the 50 ms/],
    ['a stack overflow', new RangeError('Maximum call stack size exceeded'), 'BAD_USER_INPUT', /nested too deeply/],
  ])('is worded: %s', (_, error, code, says) => {
    const masked = mask(thrownBy('search', error));
    expect(masked.extensions.code).toBe(code);
    expect(masked.message).toMatch(says);
  });

  test('because the client went away is nobody’s fault', () => {
    mask(thrownBy('search', new DOMException('aborted', 'AbortError')));
    expect(logged.map(({ level }) => level)).toEqual(['debug']);
  });
});

describe('anything else', () => {
  test.each([
    new Error('select * from secrets'),
    new TypeError('undefined is not a function'),
    new RangeError('Invalid array length'),
    'a text',
    undefined,
    { code: '23505', detail: 'Key (x)=(secret)' },
  ])('is logged and not told: %s', (thrown) => {
    const error = thrown instanceof Error ? thrownBy('search', thrown) : thrown;
    const masked = mask(error);
    expect(masked.message).toMatch(/^Something went wrong in the gateway; its log has the reason/);
    expect(masked.extensions).toEqual({ code: 'INTERNAL_SERVER_ERROR', requestId: 'none', http: { status: 500 } });
    expect(JSON.stringify(masked)).not.toMatch(/secret|undefined is not|array length|a text/);
    expect(logged).toMatchObject([{ level: 'error' }]);
  });
});
