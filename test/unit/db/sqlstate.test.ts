import pg from 'pg';
import { describe, expect, test } from 'vitest';
import { databaseError } from '../../../src/db/sqlstate.ts';
import { Refusal } from '../../../src/errors.ts';

function serverError(code: string): pg.DatabaseError {
  const error = new pg.DatabaseError('something from the server', 0, 'error');
  return Object.assign(error, { code, severity: 'ERROR' });
}

function networkError(code: string): Error {
  return Object.assign(new Error(`connect ${code} 10.0.0.1:5432`), { code });
}

const codeOf = (error: unknown) => {
  const translated = databaseError(error);
  return translated instanceof Refusal ? translated.code : translated === error ? 'as it is' : 'something else';
};

describe('databaseError', () => {
  test.each([
    ['08000', 'connection exception'],
    ['08006', 'connection failure'],
    ['57P01', 'admin shutdown'],
    ['57P02', 'crash shutdown'],
    ['57P03', 'cannot connect now'],
    ['53100', 'disk full'],
    ['53200', 'out of memory'],
    ['53300', 'too many connections'],
  ])('makes SQLSTATE %s (%s) an unavailable database', (code) => {
    expect(codeOf(serverError(code))).toBe('DATABASE_UNAVAILABLE');
  });

  test('tells a pooler without a server from a message of ours that the server cannot read', () => {
    const severity = (level: string) => Object.assign(serverError('08P01'), { severity: level });
    expect(codeOf(severity('FATAL'))).toBe('DATABASE_UNAVAILABLE');
    expect(codeOf(severity('ERROR'))).toBe('as it is');
  });

  test('knows the errors of the embedded database, which are of another class', () => {
    const error = Object.assign(new Error('from the embedded database'), { severity: 'ERROR', code: '57014' });
    expect(codeOf(error)).toBe('STATEMENT_TIMEOUT');
  });

  test('makes a cancelled statement a timeout', () => {
    expect(codeOf(serverError('57014'))).toBe('STATEMENT_TIMEOUT');
  });

  test.each([
    ['42501', 'a refused privilege'],
    ['23505', 'a unique violation'],
    ['42601', 'a syntax error'],
    ['22P02', 'an invalid text'],
    ['57000', 'another operator intervention'],
    ['28P01', 'a wrong password'],
  ])('leaves SQLSTATE %s (%s) as it is', (code) => {
    expect(codeOf(serverError(code))).toBe('as it is');
  });

  test.each(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EHOSTUNREACH', 'ENOENT', 'EAI_AGAIN'])(
    'makes the network’s %s an unavailable database',
    (code) => {
      expect(codeOf(networkError(code))).toBe('DATABASE_UNAVAILABLE');
    },
  );

  test('looks into the failures of several addresses of one host', () => {
    expect(codeOf(new AggregateError([networkError('ECONNREFUSED'), networkError('ECONNREFUSED')]))).toBe(
      'DATABASE_UNAVAILABLE',
    );
    expect(codeOf(new AggregateError([new Error('x')]))).toBe('as it is');
  });

  test.each([
    'Connection terminated',
    'Connection terminated unexpectedly',
    'Connection terminated due to connection timeout',
    'timeout exceeded when trying to connect',
    'Client has encountered a connection error and is not queryable',
    'Cannot use a pool after calling end on the pool',
  ])('makes the driver’s "%s" an unavailable database', (message) => {
    expect(codeOf(new Error(message))).toBe('DATABASE_UNAVAILABLE');
  });

  test.each([
    [new Error('a bug')],
    [new TypeError('x is not a function')],
    ['a string'],
    [undefined],
    [networkError('EACCES')],
  ])('leaves %s as it is', (error) => {
    expect(codeOf(error)).toBe('as it is');
  });

  test('leaves a refusal as it is', () => {
    expect(codeOf(new Refusal('FORBIDDEN', 'no'))).toBe('FORBIDDEN');
    const refusal = new Refusal('FORBIDDEN', 'no');
    expect(databaseError(refusal)).toBe(refusal);
  });

  test('keeps what was thrown as the cause and out of the message', () => {
    const cause = networkError('ECONNREFUSED');
    const refusal = databaseError(cause) as Refusal;
    expect(refusal.cause).toBe(cause);
    expect(refusal.message).not.toMatch(/10\.0\.0\.1|ECONNREFUSED/);
    expect(refusal.httpStatus).toBe(503);
  });
});
