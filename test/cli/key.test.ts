import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type GatewayProcess, startGateway } from './gateway-process.ts';
import { ask, cleanUp, run, until } from './program.ts';

let gateway: GatewayProcess;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(async () => {
  await gateway.close();
  await cleanUp();
});

describe('tessera key', () => {
  const viewer = '{ viewer { tenantId scopes } }';

  // One story: each test goes on with the key that the one before it made.
  let key: string;

  test('makes a key, alone on standard output, that a running gateway lets in', async () => {
    const made = await run(['key', 'create', '--tenant', 'house', '--name', 'the lift', '--ttl', '1h'], gateway.env);
    expect(made.status).toBe(0);
    expect(made.stdout).toMatch(/^tsr_[0-9a-f]{12}_[0-9a-f]{64}\n$/);
    expect(made.stderr).toContain('the only time that the key is shown');
    key = made.stdout.trim();
    expect(await ask(gateway.url, key, viewer)).toMatchObject({
      data: { viewer: { tenantId: 'house', scopes: ['search', 'documents:read'] } },
    });
  });

  test('lists it without its secret, and another tenant’s list is empty', async () => {
    const { stdout } = await run(['key', 'list', '--tenant', 'house'], gateway.env);
    expect(stdout).toMatch(
      /^[0-9a-f]{12} {2}holds until 20\S+ \S+ {2}last used .* {2}search documents:read {2}the lift\n$/,
    );
    expect(stdout).toContain(key.slice(4, 16));
    expect(stdout).not.toContain(key.slice(17, 40));
    expect((await run(['key', 'list', '--tenant', 'garden'], gateway.env)).stdout).toBe('There are no keys.\n');
  });

  test('revokes it, from a process of its own, and the running gateway refuses it', async () => {
    const prefix = key.slice(4, 16);
    const foreign = await run(['key', 'revoke', prefix, '--tenant', 'garden'], gateway.env);
    expect(foreign).toMatchObject({ status: 64, stderr: expect.stringContaining('garden has no key with the prefix') });
    expect((await ask(gateway.url, key, viewer)).errors).toBeUndefined();
    const revoked = await run(['key', 'revoke', prefix, '--tenant', 'house'], gateway.env);
    expect(revoked).toMatchObject({ status: 0, stdout: `Revoked ${prefix}, "the lift".\n` });
    const { errors } = await until(async () => {
      const answer = await ask(gateway.url, key, viewer);
      return answer.errors ? answer : undefined;
    });
    expect(errors?.[0]?.message).toMatch(/^The API key was revoked at /);
    expect((await run(['key', 'list', '--tenant', 'house'], gateway.env)).stdout).toMatch(/^\w+ {2}revoked 20/);
  });
});
