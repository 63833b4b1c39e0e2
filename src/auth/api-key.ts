import { createHash, randomBytes } from 'node:crypto';
import { Secret } from '../config/secret.ts';
import { Refusal } from '../errors.ts';

/** `tsr_`, 12 hexadecimal digits that are no secret, `_`, and the secret: 256 random bits as 64 hexadecimal digits. */
const keyPattern = /^tsr_([0-9a-f]{12})_[0-9a-f]{64}$/;
const keyStart = 'tsr_';

/** A new API key, and what is stored of it. */
export interface NewApiKey {
  /** Shown once, to whoever makes it. */
  readonly key: Secret;
  readonly prefix: string;
  /** See {@link hashApiKey}. */
  readonly hash: Buffer;
}

export function newApiKey(): NewApiKey {
  const prefix = randomBytes(6).toString('hex');
  const text = `${keyStart}${prefix}_${randomBytes(32).toString('hex')}`;
  return { key: new Secret(text), prefix, hash: hashApiKey(text) };
}

/** True for a credential that is meant as an API key: no JWT begins like one. */
export function isApiKey(credential: string): boolean {
  return credential.startsWith(keyStart);
}

/**
 * The prefix of an API key, by which it is looked up.
 * @throws {Refusal} `UNAUTHENTICATED` for a text that no key is like, before anything is looked up.
 */
export function readApiKeyPrefix(text: string): string {
  // The longest key has 81 characters, and a pattern without repetition of its own reads no more of a longer text.
  const prefix = keyPattern.exec(text)?.[1];
  if (prefix !== undefined) return prefix;
  throw new Refusal(
    'UNAUTHENTICATED',
    `The API key is malformed: a key is "tsr_", 12 and 64 hexadecimal digits with "_" between, 81 characters in all; received ${text.length}.`,
  );
}

/**
 * SHA-256 of a key, 32 bytes: what the database keeps and memory remembers. A slow hash is for secrets that people think
 * up; this one has 256 random bits, which nobody guesses at any speed, and it is taken on each request.
 */
export function hashApiKey(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
