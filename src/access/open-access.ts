import type { VerifyToken } from '../auth/verify-token.ts';
import { type Database, readInFlight } from '../db/database.ts';
import { gateScope } from '../db/scope.ts';
import type { Logger } from '../log.ts';
import { revocationsStatement, toRevocation } from './access-statements.ts';
import { createAuthenticator } from './authenticate.ts';
import { followRevocations } from './follow-revocations.ts';
import { createKeyUses } from './key-uses.ts';
import { createRevocations, type Revocation } from './revocations.ts';

export interface AccessOptions {
  readonly database: Database;
  /** Checks JWTs. */
  readonly verifyToken: VerifyToken;
  readonly log: Logger;
  /** Connection URL of the gateway's login; absent for the embedded database, which no other process can change. */
  readonly url?: string;
  /** How often the database is asked for revocations besides listening, in milliseconds; 2 s without it. */
  readonly beatMs?: number;
  /** How long what is remembered may be relied on without hearing from the database: several beats; 5 s without it. */
  readonly relyForMs?: number;
  /** The clock, in milliseconds since 1970. */
  readonly now?: () => number;
}

/** Who calls, by token or by key, and the end of what this takes to know. */
export interface Access {
  readonly authenticate: VerifyToken;
  readonly onRevoked: (revocation: Revocation) => void;
  /** Writes when keys were last used, as it does by itself every 15 seconds. A failure is logged and tried again. */
  flush(): Promise<void>;
  /** Stops listening, and writes when keys were last used. */
  close(): Promise<void>;
}

/** About 400 bytes each. */
const maxKeys = 10_000;
const flushEveryMs = 15_000;

/** Opens what tells who calls. */
export async function openAccess(options: AccessOptions): Promise<Access> {
  const { database, verifyToken, log, url, beatMs = 2_000, relyForMs = 5_000, now = Date.now } = options;
  const clock = () => performance.now();
  const isShared = url !== undefined;
  const revocations = createRevocations({
    relyForMs: isShared ? relyForMs : Number.POSITIVE_INFINITY,
    maxKeys,
    now: clock,
  });
  const keyUses = createKeyUses(database, now);
  const listener = isShared
    ? followRevocations(database, revocations, log, { url, beatMs, now: clock })
    : await readOnce();
  const flush = () =>
    keyUses.flush().catch((error: unknown) => log.warn({ err: error }, 'the last use of API keys was not written'));
  const timer = setInterval(flush, flushEveryMs).unref();
  return {
    authenticate: createAuthenticator({ database, verifyToken, revocations, keyUses, now }),
    onRevoked: revocations.apply,
    flush,
    close: async () => {
      clearInterval(timer);
      await listener?.close();
      await flush();
    },
  };

  /** Where nobody else writes, what is read once and what this process revokes is everything. */
  async function readOnce(): Promise<undefined> {
    const [rows] = await readInFlight(database, gateScope, [revocationsStatement(undefined)]);
    for (const row of rows) revocations.apply(toRevocation(row));
    revocations.confirm(clock());
  }
}
