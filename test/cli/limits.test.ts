import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeServer, openTestDatabase, type TestDatabase } from '../support/database.ts';
import { type GatewayProcess, serverEnv, startGateway } from './gateway-process.ts';
import { ask, cleanUp, run, start } from './program.ts';

afterAll(() => cleanUp());

describe('tessera limits', () => {
  let gateway: GatewayProcess;
  beforeAll(async () => {
    gateway = await startGateway();
  });
  afterAll(() => gateway.close());

  test('shows what a tenant is held to, and changes what is named', async () => {
    const nothing = await run(['limits', 'house'], gateway.env);
    expect(nothing).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^requests-per-minute +not limited \(default\)$/m),
    });
    const set = await run(['limits', 'house', '--documents', '50', '--chunks', '0'], gateway.env);
    expect(set.stdout).toMatch(/^documents +50$/m);
    const back = await run(['limits', 'house', '--chunks', 'default'], gateway.env);
    expect(back.stdout).toMatch(/^documents +50$/m);
    expect(back.stdout).toMatch(/^chunks +not limited \(default\)$/m);
  });

  test.each([
    ['no tenant', [], /The tenant is missing/],
    ['a limit that is none', ['house', '--chunks', 'many'], /--chunks received "many"; a whole number from 0 to/],
    ['a limit that is too large', ['house', '--chunks', '2147483648'], /from 0 to 2147483647/],
    ['two tenants', ['house', 'garden'], /"garden" is not expected here/],
  ])('refuses %s', async (_, args, says) => {
    expect(await run(['limits', ...args])).toMatchObject({ status: 64, stderr: expect.stringMatching(says) });
  });
});

describeServer('a limit over two gateways', () => {
  const perMinute = 40;
  let db: TestDatabase;
  beforeAll(async () => {
    db = await openTestDatabase();
  });
  afterAll(() => db.close());

  test('holds for both together', async () => {
    const env = { ...serverEnv(db.urls), LIMIT_REQUESTS_PER_MINUTE: String(perMinute) };
    const programs = [start(['serve'], env), start(['serve'], env)];
    const urls = await Promise.all(
      programs.map(async (program) => (await program.waitFor('stderr', /"url":"(http:[^"]+)","msg":"listening"/))[1]!),
    );
    const token = (await run(['token', '--tenant', 'house'], env)).stdout.trim();
    const startedAtMs = Date.now();
    const answers = await Promise.all(
      Array.from({ length: 3 * perMinute }, (_, index) => ask(urls[index % 2]!, token, '{ viewer { tenantId } }')),
    );
    // A minute may end meanwhile, and another one begin.
    const windows = Math.floor(Date.now() / 60_000) - Math.floor(startedAtMs / 60_000) + 1;
    const accepted = answers.filter(({ data }) => data).length;
    expect(accepted).toBeGreaterThanOrEqual(perMinute);
    expect(accepted).toBeLessThanOrEqual(windows * perMinute);
    for (const program of programs) await program.kill();
  });
});
