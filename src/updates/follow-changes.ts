import { changeChannel } from '../db/announce-changes.ts';
import type { Database } from '../db/database.ts';
import { type Listener, openListener } from '../db/open-listener.ts';
import { gateScope } from '../db/scope.ts';
import type { TenantId } from '../ids.ts';
import type { Logger } from '../log.ts';

interface FollowOptions {
  /** Connection URL of the gateway's login. */
  readonly url: string;
  /** How often it is seen that the connection lives, in milliseconds; 5 s without it. Where nothing is heard, everything is looked at as often. */
  readonly beatMs?: number;
}

/** An announcement is lost when the process ends between a commit and it. What it told of is found by then. */
const lookEveryMs = 300_000;

/**
 * Listens for changes that any process announces, on a connection of its own.
 * @param onChange called with a tenant; and without one when anything may have changed: at first, after the connection was
 * lost, and at times. Behind a pooler, which passes no announcements on, at every beat.
 */
export function followChanges(
  { scopeDefaults }: Pick<Database, 'scopeDefaults'>,
  onChange: (tenantId?: TenantId) => void,
  log: Logger,
  { url, beatMs = 5_000 }: FollowOptions,
): Listener {
  let hears = false;
  let isLost = false;
  let lookedAtMs = 0;
  return openListener({
    url,
    channel: changeChannel,
    purpose: 'changes',
    beatMs,
    scope: gateScope,
    scopeDefaults,
    onConnected: (isHeard) => {
      hears = isHeard;
    },
    onBeat: async (_read, isFirst) => {
      if (isFirst && isLost) log.info('changes are heard of again');
      if (isFirst) isLost = false;
      if (!isFirst && hears && performance.now() - lookedAtMs < lookEveryMs) return;
      lookedAtMs = performance.now();
      onChange();
    },
    onNotice: (payload) => onChange(payload as TenantId),
    onLost: (error) => {
      if (!isLost) log.warn({ err: error }, 'changes are not heard of; subscriptions wait until they are');
      isLost = true;
    },
  });
}
