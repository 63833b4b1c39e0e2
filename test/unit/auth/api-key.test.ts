import { describe, expect, test } from 'vitest';
import { hashApiKey, isApiKey, newApiKey, readApiKeyPrefix } from '../../../src/auth/api-key.ts';
import { Refusal } from '../../../src/errors.ts';

describe('a new API key', () => {
  test('is 81 characters that a header can carry, with the prefix in it, and is not printed by accident', () => {
    const { key, prefix } = newApiKey();
    expect(key.reveal()).toMatch(/^tsr_[0-9a-f]{12}_[0-9a-f]{64}$/);
    expect(readApiKeyPrefix(key.reveal())).toBe(prefix);
    expect(`${key} ${JSON.stringify({ key })}`).toBe('[secret] {"key":"[secret]"}');
  });

  test('is never the same twice', () => {
    const keys = Array.from({ length: 1_000 }, () => newApiKey().key.reveal());
    expect(new Set(keys.map((key) => key.slice(17))).size).toBe(1_000);
  });

  test('is stored as the SHA-256 of its text', () => {
    const { key, hash } = newApiKey();
    expect(hash).toHaveLength(32);
    expect(hashApiKey(key.reveal())).toEqual(hash);
    expect(hash.toString('hex')).not.toContain(key.reveal().slice(17));
    const known = `tsr_${'0'.repeat(12)}_${'0'.repeat(64)}`;
    expect(hashApiKey(known).toString('hex')).toBe('cfbe802a7a3c37e4c79eac5a7503fe684ab6ccf49185a294be39d9d2f83aff8c');
  });
});

describe('a text that is meant as an API key', () => {
  const good = newApiKey().key.reveal();

  test.each([
    ['cut by a character', good.slice(0, -1)],
    ['with a character more', `${good}0`],
    ['in capitals', good.toUpperCase().replace('TSR', 'tsr')],
    ['with a letter that is no digit', `${good.slice(0, -1)}g`],
    ['without its prefix', `tsr_${good.slice(17)}`],
    ['without its secret', good.slice(0, 17)],
    ['its start alone', 'tsr_'],
    ['with a line end', `${good}\n`],
    ['of 10 MB', `tsr_${'0'.repeat(10_000_000)}`],
    ['with another separator', good.replaceAll('_', '-').replace('tsr-', 'tsr_')],
  ])('is refused when it is %s, without a word of it', (_, text) => {
    expect(isApiKey(text)).toBe(true);
    const refuse = () => readApiKeyPrefix(text);
    expect(refuse).toThrow(Refusal);
    expect(refuse).toThrow(/^The API key is malformed: .* 81 characters in all; received \d+\.$/);
  });

  test('is not taken for one when it is a JWT', () => {
    expect(isApiKey('eyJhbGciOiJIUzI1NiJ9.e30.x')).toBe(false);
  });
});
