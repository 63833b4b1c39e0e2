import { hash as digest } from 'node:crypto';
import type { Principal } from './principal.ts';

interface Entry {
  readonly principal: Principal;
  readonly usableUntilMs: number;
}

/** Principals of tokens that were verified lately, kept under the SHA-256 of the token so that memory holds no tokens. */
export interface PrincipalCache {
  /** The principal of a token verified before, or `undefined` when it is unknown or its time is over. */
  get(token: string, nowMs: number): Principal | undefined;
  set(token: string, entry: Entry): void;
}

/** @param maxEntries Beyond it the entry that was used least recently is dropped. */
export function createPrincipalCache(maxEntries: number): PrincipalCache {
  // A Map keeps the order of insertion; putting an entry back at each use makes its first key the least recently used.
  const entries = new Map<string, Entry>();
  return {
    get(token, nowMs) {
      const key = hash(token);
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      entries.delete(key);
      if (nowMs >= entry.usableUntilMs) return undefined;
      entries.set(key, entry);
      return entry.principal;
    },
    set(token, entry) {
      const key = hash(token);
      entries.delete(key);
      entries.set(key, entry);
      const [oldest] = entries.keys();
      if (entries.size > maxEntries && oldest !== undefined) entries.delete(oldest);
    },
  };
}

function hash(token: string): string {
  return digest('sha256', token, 'base64');
}
