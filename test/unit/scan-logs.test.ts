import { describe, expect, test } from 'vitest';
import { checkLogArchive, makeLogArchive, openLogArchive } from '../support/log-archive.ts';
import { scanLogs } from '../support/scan-logs.ts';
import { hs256 } from './auth/tokens.ts';

const passage = 'When the shower runs "cold", press the red button\non the boiler and wait an hour.';

describe('a scan of logs', () => {
  test.each([
    ['a token', `{"msg":"refused ${hs256()}"}`],
    ['the head of a token', '{"msg":"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0"}'],
    ['an API key', `{"msg":"tsr_0123456789ab_${'0'.repeat(64)}"}`],
    ['a credential', '{"authorization":"Bearer abcdefghijklmnopqrst"}'],
    ['a password in a URL', '{"url":"postgres://gateway:hunter2@db/app"}'],
    ['a passage', JSON.stringify({ msg: `found: ${passage}` })],
    [
      'a part of a passage',
      '{"msg":"error near press the red button\\\\non the boiler and wait"}'.replace('\\\\', '\\'),
    ],
    ['a passage in a log for people', `12:00:00 info ${passage.split('\n')[0]}`],
  ])('finds %s', (_, line) => {
    expect(scanLogs([line], [passage])).toHaveLength(1);
  });

  test.each([
    '{"level":"info","url":"http://127.0.0.1:4000","msg":"listening"}',
    '{"msg":"Send \\"Authorization: Bearer <token>\\""}',
    '{"err":{"message":"[hidden]"},"url":"postgres://gateway:[hidden]@db/app"}',
    '{"msg":"press the button"}',
    'DATABASE_URL: not set; allowed: a connection URL such as postgres://user:password@host:5432/database',
  ])('finds nothing in %s', (line) => {
    expect(scanLogs([line], [passage])).toEqual([]);
  });
});

test('the archive of a run fails for a leak of any of its processes, and for nothing else', () => {
  const clean = makeLogArchive();
  openLogArchive(clean).addLog('{"msg":"listening"}\n');
  openLogArchive(clean).addTexts({ input: [{ title: 'short', body: passage }] });
  expect(checkLogArchive(clean)).toMatch(/^2 lines of logs hold no credential and nothing of \d{3,} texts of users\.$/);
  const leaking = makeLogArchive();
  openLogArchive(leaking).addTexts({ input: [{ body: passage }] });
  openLogArchive(leaking).addLog(JSON.stringify({ msg: passage }));
  expect(() => checkLogArchive(leaking)).toThrow(/^1 lines of the logs hold what they must not:\n/);
});
