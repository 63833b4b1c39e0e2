import type { ApiKeyId, TenantId } from '../ids.ts';

/** What is known of a key whose prefix was shown, whoever's it is. */
export interface FoundKey {
  readonly tenantId: TenantId;
  readonly id: ApiKeyId;
  readonly secretHash: Buffer;
  readonly subject: string;
  readonly groups: readonly string[];
  readonly scopes: readonly string[];
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
}

/** Something that holds no longer: a key, all keys of a tenant that was erased, or a token. */
export type Revocation =
  | { readonly keyId: ApiKeyId }
  | { readonly erasedTenantId: TenantId }
  | { readonly tenantId: TenantId; readonly tokenId: string; readonly expiresAtMs: number };

export interface RevocationsOptions {
  /**
   * How long what is remembered may be relied on after the last time that the database was heard, in milliseconds; infinite
   * where nobody else writes to the database.
   */
  readonly relyForMs: number;
  /** Keys remembered at most. */
  readonly maxKeys: number;
  /** The clock, in milliseconds since any moment. It must not be set back: `performance.now`. */
  readonly now: () => number;
}

/**
 * What a gateway remembers of keys that it let in and of tokens that were taken back, and for how long it may rely on it.
 * Whoever does not hear of revocations any more forgets everything, and asks the database each time.
 */
export interface Revocations {
  /** True while every revocation is heard of. */
  isReliable(): boolean;
  /** The database was heard, with everything that was revoked before `sinceMs` of the clock. */
  confirm(sinceMs: number): void;
  /** Nothing more is heard: everything is forgotten. */
  forget(): void;
  apply(revocation: Revocation): void;
  /** Grows with all that makes an answer of the database out of date; see {@link remember}. */
  generation(): number;
  /** A key remembered by the hash of its text; never one that was revoked, and none while unreliable. */
  recall(hash: string): FoundKey | undefined;
  /** Remembers a key, unless the generation has changed since the database was asked for it. */
  remember(hash: string, key: FoundKey, generation: number): void;
  /** Only while reliable. */
  isTokenRevoked(tenantId: TenantId, tokenId: string): boolean;
}

/** A token is accepted a little past its time, and clocks differ; the table keeps its row for as long. */
const keptAfterExpiryMs = 3_600_000;
const pruneEveryMs = 300_000;

export function createRevocations({ relyForMs, maxKeys, now }: RevocationsOptions): Revocations {
  const keys = new Map<string, FoundKey>();
  const hashes = new Map<ApiKeyId, string>();
  const tokens = new Map<string, number>();
  let heardAtMs = Number.NEGATIVE_INFINITY;
  let prunedAtMs = now();
  let generation = 0;
  const isReliable = () => heardAtMs !== Number.NEGATIVE_INFINITY && now() - heardAtMs <= relyForMs;

  const drop = (hash: string | undefined) => {
    const key = hash === undefined ? undefined : keys.get(hash);
    if (key === undefined || hash === undefined) return;
    keys.delete(hash);
    hashes.delete(key.id);
  };
  return {
    isReliable,
    confirm(sinceMs) {
      heardAtMs = Math.max(heardAtMs, sinceMs);
      if (now() - prunedAtMs < pruneEveryMs) return;
      prunedAtMs = now();
      const expiredMs = Date.now() - keptAfterExpiryMs;
      for (const [token, expiresAtMs] of tokens) if (expiresAtMs < expiredMs) tokens.delete(token);
    },
    forget() {
      generation++;
      heardAtMs = Number.NEGATIVE_INFINITY;
      keys.clear();
      hashes.clear();
      tokens.clear();
    },
    apply(revocation) {
      generation++;
      if ('keyId' in revocation) drop(hashes.get(revocation.keyId));
      else if ('erasedTenantId' in revocation) {
        for (const [hash, { tenantId }] of keys) if (tenantId === revocation.erasedTenantId) drop(hash);
      } else {
        const token = tokenKey(revocation.tenantId, revocation.tokenId);
        // An answer that was asked for before the expiry was corrected may come after the notice of it.
        tokens.set(token, Math.max(revocation.expiresAtMs, tokens.get(token) ?? 0));
      }
    },
    generation: () => generation,
    recall: (hash) => (isReliable() ? keys.get(hash) : undefined),
    remember(hash, key, asked) {
      if (asked !== generation || !isReliable()) return;
      drop(hash);
      keys.set(hash, key);
      hashes.set(key.id, hash);
      const [oldest] = keys.keys();
      if (keys.size > maxKeys) drop(oldest);
    },
    isTokenRevoked: (tenantId, tokenId) => tokens.has(tokenKey(tenantId, tokenId)),
  };
}

/** A tenant id holds no space. */
function tokenKey(tenantId: TenantId, tokenId: string): string {
  return `${tenantId} ${tokenId}`;
}
