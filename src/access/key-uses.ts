import { type Database, transact } from '../db/database.ts';
import { gateScope } from '../db/scope.ts';
import type { ApiKeyId, TenantId } from '../ids.ts';
import { type KeyUse, noteKeyUseStatement } from './access-statements.ts';

/** When keys were last used: noted by each request in memory, and written in batches. */
export interface KeyUses {
  note(tenantId: TenantId, keyId: ApiKeyId): void;
  /** Writes what was noted; a key at most once a minute. What cannot be written is kept for the next time. */
  flush(): Promise<void>;
}

const writeEveryMs = 60_000;

/** @param now the clock, in milliseconds since 1970. */
export function createKeyUses(database: Database, now: () => number = Date.now): KeyUses {
  const waiting = new Map<ApiKeyId, KeyUse>();
  const writtenAtMs = new Map<ApiKeyId, number>();
  return {
    note(tenantId, keyId) {
      const nowMs = now();
      if (nowMs - (writtenAtMs.get(keyId) ?? Number.NEGATIVE_INFINITY) < writeEveryMs) return;
      waiting.set(keyId, { tenantId, keyId, usedAt: new Date(nowMs) });
    },
    async flush() {
      const nowMs = now();
      for (const [keyId, atMs] of writtenAtMs) if (nowMs - atMs >= writeEveryMs) writtenAtMs.delete(keyId);
      const uses = [...waiting.values()];
      if (uses.length === 0) return;
      waiting.clear();
      try {
        await transact(database, gateScope, (execute) => execute(noteKeyUseStatement(uses)));
      } catch (error) {
        for (const use of uses) if (!waiting.has(use.keyId)) waiting.set(use.keyId, use);
        throw error;
      }
      for (const { keyId } of uses) writtenAtMs.set(keyId, nowMs);
    },
  };
}
