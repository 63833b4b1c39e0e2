import { beforeEach, describe, expect, test } from 'vitest';
import { createRevocations, type FoundKey, type Revocations } from '../../../src/access/revocations.ts';
import { type ApiKeyId, parseTenantId } from '../../../src/ids.ts';

const tenantId = parseTenantId('acme');
const other = parseTenantId('globex');
const expiresAtMs = Date.now() + 3_600_000;

function keyOf(id: string): FoundKey {
  return {
    tenantId,
    id: id as ApiKeyId,
    secretHash: Buffer.alloc(32),
    subject: 'robot',
    groups: [],
    scopes: ['search'],
    expiresAt: null,
    revokedAt: null,
  };
}

let nowMs: number;
let revocations: Revocations;

beforeEach(() => {
  nowMs = 1_000;
  revocations = createRevocations({ relyForMs: 5_000, maxKeys: 3, now: () => nowMs });
});

const remember = (id: string) => revocations.remember(`hash ${id}`, keyOf(id), revocations.generation());

describe('what a gateway remembers', () => {
  test('is nothing until it has heard from the database', () => {
    expect(revocations.isReliable()).toBe(false);
    remember('one');
    revocations.confirm(nowMs);
    expect(revocations.isReliable()).toBe(true);
    expect(revocations.recall('hash one')).toBeUndefined();
  });

  test('is relied on for five seconds, and again when the database was heard', () => {
    revocations.confirm(nowMs);
    remember('one');
    nowMs += 5_000;
    expect(revocations.recall('hash one')).toEqual(keyOf('one'));
    nowMs += 1;
    expect([revocations.isReliable(), revocations.recall('hash one')]).toEqual([false, undefined]);
    revocations.confirm(nowMs);
    expect(revocations.recall('hash one')).toEqual(keyOf('one'));
  });

  test('counts from when the database was asked, not from when it answered', () => {
    revocations.confirm(nowMs - 4_000);
    nowMs += 1_001;
    expect(revocations.isReliable()).toBe(false);
  });

  test('is never set back by an answer that comes late', () => {
    revocations.confirm(nowMs);
    revocations.confirm(nowMs - 60_000);
    expect(revocations.isReliable()).toBe(true);
  });

  test('no longer holds a key that is revoked, and still the others', () => {
    revocations.confirm(nowMs);
    remember('one');
    remember('two');
    revocations.apply({ keyId: 'one' as ApiKeyId });
    expect(revocations.recall('hash one')).toBeUndefined();
    expect(revocations.recall('hash two')).toEqual(keyOf('two'));
  });

  test('no longer holds any key of a tenant that was erased, and still those of others', () => {
    revocations.confirm(nowMs);
    remember('one');
    remember('two');
    revocations.remember('hash three', { ...keyOf('three'), tenantId: other }, revocations.generation());
    revocations.apply({ erasedTenantId: tenantId });
    expect(['one', 'two', 'three'].map((id) => revocations.recall(`hash ${id}`)?.id)).toEqual([
      undefined,
      undefined,
      'three',
    ]);
  });

  test('does not take in a key that was asked for before something was revoked', () => {
    revocations.confirm(nowMs);
    const asked = revocations.generation();
    revocations.apply({ keyId: 'one' as ApiKeyId });
    revocations.remember('hash one', keyOf('one'), asked);
    expect(revocations.recall('hash one')).toBeUndefined();
    remember('one');
    expect(revocations.recall('hash one')).toEqual(keyOf('one'));
  });

  test('does not take in a key that was asked for before the connection was lost', () => {
    revocations.confirm(nowMs);
    const asked = revocations.generation();
    revocations.forget();
    revocations.confirm(nowMs);
    revocations.remember('hash one', keyOf('one'), asked);
    expect(revocations.recall('hash one')).toBeUndefined();
  });

  test('is all forgotten when nothing more is heard', () => {
    revocations.confirm(nowMs);
    remember('one');
    revocations.apply({ tenantId, tokenId: 'a', expiresAtMs });
    revocations.forget();
    expect(revocations.isReliable()).toBe(false);
    revocations.confirm(nowMs);
    expect(revocations.recall('hash one')).toBeUndefined();
    expect(revocations.isTokenRevoked(tenantId, 'a')).toBe(false);
  });

  test('is bounded: of the keys the one that came first goes', () => {
    revocations.confirm(nowMs);
    for (const id of ['one', 'two', 'three', 'four']) remember(id);
    expect(revocations.recall('hash one')).toBeUndefined();
    for (const id of ['two', 'three', 'four']) expect(revocations.recall(`hash ${id}`)).toEqual(keyOf(id));
  });

  test('tells tokens of one id apart by their tenant', () => {
    revocations.confirm(nowMs);
    revocations.apply({ tenantId, tokenId: 'a b', expiresAtMs });
    expect(revocations.isTokenRevoked(tenantId, 'a b')).toBe(true);
    expect(revocations.isTokenRevoked(other, 'a b')).toBe(false);
    expect(revocations.isTokenRevoked(tenantId, 'a')).toBe(false);
  });

  test('lets go of a token an hour after its expiry, and not before', () => {
    revocations.apply({ tenantId, tokenId: 'long gone', expiresAtMs: Date.now() - 3_700_000 });
    revocations.apply({ tenantId, tokenId: 'just gone', expiresAtMs: Date.now() - 3_500_000 });
    nowMs += 300_000;
    revocations.confirm(nowMs);
    expect(revocations.isTokenRevoked(tenantId, 'long gone')).toBe(false);
    expect(revocations.isTokenRevoked(tenantId, 'just gone')).toBe(true);
  });
});
