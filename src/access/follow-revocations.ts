import type { Database } from '../db/database.ts';
import { type Listener, openListener } from '../db/open-listener.ts';
import { gateScope } from '../db/scope.ts';
import type { ApiKeyId, TenantId } from '../ids.ts';
import type { Logger } from '../log.ts';
import { revocationsStatement, toRevocation } from './access-statements.ts';
import type { Revocation, Revocations } from './revocations.ts';

interface FollowOptions {
  /** Connection URL of the gateway's login. */
  readonly url: string;
  /** How often the database is asked besides, in milliseconds. */
  readonly beatMs: number;
  /** The clock of the revocations. */
  readonly now: () => number;
}

/** The triggers of migration `access` announce here. */
const channel = 'tessera_revocations';
/** Asked for again at each beat: longer than a transaction that revokes may take to commit. */
const overlapSeconds = 60;

/**
 * Keeps revocations up to date with what other processes revoke: each is announced when it commits, and at every
 * beat the database is asked besides, through the same connection, which shows that it lives. When it is lost everything is
 * forgotten, until there is another.
 */
export function followRevocations(
  database: Pick<Database, 'scopeDefaults'>,
  revocations: Revocations,
  log: Logger,
  { url, beatMs, now }: FollowOptions,
): Listener {
  let isLost = false;
  let isTold = false;
  return openListener({
    url,
    channel,
    beatMs,
    scope: gateScope,
    scopeDefaults: database.scopeDefaults,
    onBeat: async (read, isFirst) => {
      const askedAtMs = now();
      const rows = await read(revocationsStatement(isFirst ? undefined : overlapSeconds));
      for (const row of rows) revocations.apply(toRevocation(row));
      revocations.confirm(askedAtMs);
      if (isLost) log.info('revocations are heard of again');
      isLost = false;
    },
    onConnected: (hears) => {
      if (hears || isTold) return;
      isTold = true;
      log.info(
        { everyMs: beatMs },
        'revocations are asked for, because a pooler does not pass announcements on; LISTEN_DATABASE_URL may go past it',
      );
    },
    onNotice: (payload) => {
      const revocation = readNotice(payload);
      if (revocation) revocations.apply(revocation);
    },
    onLost: (error) => {
      revocations.forget();
      if (!isLost)
        log.warn({ err: error }, 'revocations are not heard of; every key and token is looked up until they are');
      isLost = true;
    },
  });
}

/** Anybody with a login may announce anything; what cannot be read is none of ours. */
function readNotice(payload: string): Revocation | undefined {
  try {
    const { key, tenant, token, expires } = JSON.parse(payload) as Record<string, unknown>;
    if (typeof key === 'string') return { keyId: key as ApiKeyId };
    if (typeof tenant !== 'string' || typeof token !== 'string') return undefined;
    return { tenantId: tenant as TenantId, tokenId: token, expiresAtMs: 1_000 * Number(expires) };
  } catch {
    return undefined;
  }
}
