import type { Database } from '../db/database.ts';
import { type Listener, openListener } from '../db/open-listener.ts';
import { gateScope } from '../db/scope.ts';
import type { TenantId } from '../ids.ts';
import type { Logger } from '../log.ts';
import { modelChannel } from './role-statements.ts';

interface FollowOptions {
  /** Connection URL of the gateway's login. */
  readonly url: string;
  /** How often it is seen that the connection lives, in milliseconds; 5 s without it. */
  readonly beatMs?: number;
}

/**
 * Listens for tenants that are cut over to another model, on a connection of its own. Nobody depends on it: a search by a
 * model that is not active any more is refused by its own statement, and planned again, which costs it one round trip.
 * @param onChange called with a tenant, or without one where it may be any.
 */
export function followModels(
  { scopeDefaults }: Pick<Database, 'scopeDefaults'>,
  onChange: (tenantId?: TenantId) => void,
  log: Logger,
  { url, beatMs = 5_000 }: FollowOptions,
): Listener {
  let isLost = false;
  return openListener({
    url,
    channel: modelChannel,
    purpose: 'models',
    beatMs,
    scope: gateScope,
    scopeDefaults,
    onBeat: async (_read, isFirst) => {
      if (!isFirst) return;
      if (isLost) log.info('cut-overs are heard of again');
      isLost = false;
      onChange();
    },
    onNotice: (payload) => onChange(payload === '' ? undefined : (payload as TenantId)),
    onLost: (error) => {
      if (!isLost) log.warn({ err: error }, 'cut-overs are not heard of; the first search after one is planned twice');
      isLost = true;
    },
  });
}
