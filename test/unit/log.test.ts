import { describe, expect, test } from 'vitest';
import { Secret } from '../../src/config/secret.ts';
import { createLogger } from '../../src/log.ts';
import { hs256 } from './auth/tokens.ts';

/** A logger whose lines the test reads. */
function capture(format: 'json' | 'human' = 'json', level: 'info' | 'silent' = 'info') {
  const lines: string[] = [];
  const logger = createLogger({ level, format, destination: { write: (line: string) => void lines.push(line) } });
  return { logger, lines, last: () => JSON.parse(lines.at(-1) ?? '{}') };
}

test('a line is JSON with its level in words, the time in ISO 8601 and the bound request id', () => {
  const { logger, last } = capture();
  logger.child({ requestId: 'r-1' }).info({ durationMs: 7 }, 'answered');
  expect(last()).toEqual({
    level: 'info',
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    requestId: 'r-1',
    durationMs: 7,
    msg: 'answered',
  });
});

test('lines below the level are not written', () => {
  const { logger, lines } = capture();
  logger.debug('quiet');
  expect(lines).toEqual([]);
  logger.warn('loud');
  expect(lines).toHaveLength(1);
});

test('a silent logger writes nothing', () => {
  const { logger, lines } = capture('json', 'silent');
  logger.fatal('nothing');
  expect(lines).toEqual([]);
});

describe('nothing secret is logged', () => {
  const token = hs256();
  const cases: [title: string, fields: object][] = [
    ['an authorization header', { headers: { authorization: 'Basic hunter2', Cookie: 'sid=hunter2' } }],
    ['a document', { documents: [{ id: 1, title: 'hunter2', body: 'hunter2', metadata: { a: 'hunter2' } }] }],
    ['a chunk far down', { a: { b: { c: { text: 'hunter2' } } } }],
    ['what was searched for', { input: { text: 'hunter2', vector: [0.25, 0.5] } }],
    ['an API key', { apiKey: 'hunter2', options: { password: 'hunter2' } }],
    ['a secret', { key: new Secret('hunter2') }],
    ['a token under any name', { value: token, list: [`x ${token} y`] }],
    ['a bearer credential in a sentence', { note: 'sent Bearer hunter2hunter2hunter2' }],
    ['a database address', { url: 'postgres://gateway:hunter2@db:5432/app' }],
    ['the row in an error of PostgreSQL', { err: Object.assign(new Error('duplicate key'), { detail: 'hunter2' }) }],
    [
      'the row in a cause',
      { err: new Error('failed', { cause: Object.assign(new Error('x'), { detail: 'hunter2' }) }) },
    ],
  ];

  test.each(cases)('%s', (_title, fields) => {
    const { logger, lines } = capture();
    logger.info(fields, 'event');
    logger.child(fields).info('bound');
    const text = lines.join('');
    expect(text).not.toMatch(/hunter2|0\.25/);
    expect(text).not.toContain(token);
    expect(text).not.toContain(token.split('.')[2]);
    expect(lines).toHaveLength(2);
  });

  test('a token in the message', () => {
    const { logger, last } = capture();
    logger.info(`got ${token}`);
    expect(last().msg).toBe('got [hidden]');
  });

  test('what is harmless stays', () => {
    const { logger, last } = capture();
    logger.info(
      { tokens: 12, tenant: 'acme', url: 'http://127.0.0.1:4000/graphql' },
      'Send "Authorization: Bearer <token>".',
    );
    expect(last()).toMatchObject({
      tokens: 12,
      tenant: 'acme',
      url: 'http://127.0.0.1:4000/graphql',
      msg: 'Send "Authorization: Bearer <token>".',
    });
  });
});

test('an error keeps its type, message, code, stack and cause', () => {
  const { logger, last } = capture();
  logger.error(Object.assign(new TypeError('outer', { cause: new RangeError('inner') }), { code: '23505' }));
  expect(last()).toMatchObject({
    msg: 'outer',
    err: {
      type: 'TypeError',
      message: 'outer',
      code: '23505',
      stack: expect.stringContaining('log.test.ts'),
      cause: { type: 'RangeError', message: 'inner' },
    },
  });
});

test('a structure that holds itself is cut, not followed for ever', () => {
  const loop: Record<string, unknown> = {};
  loop.self = loop;
  const { logger, lines } = capture();
  logger.info(loop, 'loop');
  expect(lines[0]).toContain('Circular');
});

test('an error that is its own cause is logged', () => {
  const { logger, last } = capture();
  const error = new Error('again');
  error.cause = error;
  logger.error(error);
  expect(last().err.cause.cause.message).toBe('again');
});

test('a human line has the time of day, the level, the message and the fields', () => {
  const { logger, lines } = capture('human');
  logger.info({ url: 'http://127.0.0.1:4000', tenants: ['acme'] }, 'listening');
  expect(lines).toEqual([
    expect.stringMatching(/^\d\d:\d\d:\d\d info {2}listening url=http:\/\/127\.0\.0\.1:4000 tenants=\["acme"\]\n$/),
  ]);
});

test('a human line is followed by the stack of its error', () => {
  const { logger, lines } = capture('human');
  logger.error({ err: new Error('broken') }, 'stopping');
  expect(lines[0]).toMatch(/error stopping\nError: broken\n {4}at /);
});
