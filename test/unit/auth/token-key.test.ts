import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportJWK } from 'jose';
import { afterAll, expect, test } from 'vitest';
import { openTokenKey } from '../../../src/auth/token-key.ts';
import { keySet, keys } from './tokens.ts';

const folder = mkdtempSync(join(tmpdir(), 'tessera-keys-'));
const path = join(folder, 'keys.json');
afterAll(() => rmSync(folder, { recursive: true }));

test('a file with public keys is opened', async () => {
  writeFileSync(path, JSON.stringify(keySet));
  expect((await openTokenKey({ kind: 'jwks-file', path })).find).toBeTypeOf('function');
});

test('a file that is not there is a startup error with its path', async () => {
  await expect(openTokenKey({ kind: 'jwks-file', path: join(folder, 'none.json') })).rejects.toMatchObject({
    name: 'StartupError',
    exitCode: 78,
    message: expect.stringMatching(/JWT_JWKS_FILE.*none\.json.*ENOENT/),
  });
});

test.each([
  ['text', 'keys', 'it is not JSON'],
  ['no keys', '{"keys":[]}', 'at least one key'],
  ['a single key', JSON.stringify(keySet.keys[0]), 'expected {"keys": [...]}'],
  ['keys that are texts', '{"keys":["a"]}', 'expected {"keys": [...]}'],
  ['a private key', JSON.stringify({ keys: [await exportJWK(keys.rsa.privateKey)] }), 'private or secret keys'],
  ['a shared secret', '{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}', 'private or secret keys'],
])('a file with %s is refused', async (_title, text, words) => {
  writeFileSync(path, text);
  await expect(openTokenKey({ kind: 'jwks-file', path })).rejects.toMatchObject({
    name: 'StartupError',
    exitCode: 78,
    message: expect.stringContaining(words),
  });
});
