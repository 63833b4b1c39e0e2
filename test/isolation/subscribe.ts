import type { TenantId } from '../../src/ids.ts';
import type { Draws } from './draws.ts';
import type { ModelTenant } from './model.ts';
import type { ObservedWatches } from './observe-watches.ts';
import { type Report, show } from './part.ts';
import { scanAnswer } from './scan-answer.ts';
import { openStream, type Subscription, waitFor } from './subscription.ts';
import { anyPlan } from './subscription-plans.ts';
import type { Caller, World } from './world.ts';

/** Subscriptions of a world at a time: each looks again after every write of its tenant. */
const mostOpen = 8;

/** What a subscription came to. */
interface Subscribed {
  readonly kind: string;
  readonly isRefused: boolean;
  readonly rows: number;
}

/** Opens a subscription of a caller, which stays open while others write, until it ends or makes room for another. */
export async function subscribe(
  world: World,
  watched: ObservedWatches,
  caller: Caller,
  draws: Draws,
  text: string,
  report: Report,
): Promise<Subscribed> {
  const plan = anyPlan(world, caller, draws, text);
  const { kind } = plan;
  const types = Object.entries(plan.variables).map(([name, [type]]) => `$${name}: ${type}`);
  const query = `subscription Fuzz(${types.join(', ')}) { told: ${plan.field} }`;
  const variables = Object.fromEntries(Object.entries(plan.variables).map(([name, [, value]]) => [name, value]));
  const request = JSON.stringify(variables);
  const asked = askedBy(caller, `${query}\n  with ${request}`, report);
  while (world.subscriptions.length >= mostOpen) world.subscriptions.shift()?.leave();
  const opened = await openStream(world.gateway, watched, caller.token, { query, variables });
  const isForbidden = caller.isRevoked || !plan.scopes.every((scope) => caller.scopes.includes(scope));
  if (!('stream' in opened)) {
    scanAnswer(world, caller, opened.text, { writes: false, request }, asked);
    const codes = caller.isRevoked ? ['TOKEN_REVOKED'] : ['FORBIDDEN', 'BAD_USER_INPUT'];
    const expected = isForbidden ? codes : plan.isHostile ? ['BAD_USER_INPUT'] : [];
    if (!expected.some((code) => opened.text.includes(`"${code}"`)))
      asked('missing', `a subscription got ${opened.status} ${opened.text.slice(0, 300)}`);
    return { kind, isRefused: true, rows: 0 };
  }
  const { check, isOver } = plan;
  // Not spread: what has come and whether it has ended changes in the stream.
  const subscription: Subscription = Object.assign(opened.stream, { kind, caller, request, check, isOver });
  if (isForbidden) asked('leak', `a subscription that must be refused was opened`);
  await waitFor(watched, () => hasLooked(subscription, 0));
  const rows = takeEvents(world, subscription, asked);
  if (plan.isHostile || isForbidden) subscription.leave();
  else if (!subscription.hasEnded) world.subscriptions.push(subscription);
  return { kind, isRefused: plan.isHostile ?? false, rows };
}

/**
 * Has the subscriptions of tenants look at what was written, and holds what they are told to the model.
 * @returns rows compared, and events that they came in.
 */
export async function settle(
  world: World,
  watched: ObservedWatches,
  tenants: readonly ModelTenant[],
  report: Report,
): Promise<{ readonly rows: number; readonly events: number }> {
  const open = world.subscriptions.filter(({ caller }) => tenants.includes(caller.tenant));
  if (open.length === 0) return { rows: 0, events: 0 };
  const begun = watched.begun();
  for (const { id } of tenants) watched.watches.change(id as TenantId);
  await waitFor(watched, () => open.every((one) => hasLooked(one, begun)));
  let rows = 0;
  const events = open.reduce((sum, one) => sum + one.events.length, 0);
  for (const one of open) {
    const asked = askedBy(one.caller, `${one.kind}\n  with ${one.request}`, report);
    rows += takeEvents(world, one, asked);
    if (!hasLooked(one, begun)) asked('missing', `a subscription did not look: ${show(one.looks)}`);
    if (one.hasEnded) world.subscriptions.splice(world.subscriptions.indexOf(one), 1);
  }
  return { rows, events };
}

/** Leaves all of them. */
export function leaveAll({ subscriptions }: World): void {
  for (const one of subscriptions.splice(0)) one.leave();
}

/** Whether it has told all that it can have to tell since a look. */
function hasLooked({ looks, received, hasEnded, caller, isOver }: Subscription, since: number): boolean {
  const isEnd = caller.isRevoked || isOver();
  if (hasEnded || isEnd) return hasEnded;
  return looks.last > since && received >= looks.told;
}

function takeEvents(world: World, one: Subscription, report: Report): number {
  const { caller, request } = one;
  const events = one.events.splice(0);
  for (const event of events) scanAnswer(world, caller, JSON.stringify(event), { writes: false, request }, report);
  const isEnd = caller.isRevoked || one.isOver();
  if (isEnd && !one.hasEnded) report('leak', `a subscription goes on that must be over: ${show(events)}`);
  if (isEnd === false && one.hasEnded) report('missing', `a subscription has ended: ${show(events)}`);
  if (!caller.isRevoked) return one.check(events, report);
  const isTold = events.length === 1 && events[0]?.errors?.[0]?.extensions.code === 'TOKEN_REVOKED';
  if (!isTold) report('leak', `a subscription of a key that was taken back was told ${show(events)}`);
  return events.length;
}

function askedBy({ tenant, subject, groups, scopes }: Caller, what: string, report: Report): Report {
  const who = show({ tenant: tenant.id, subject, groups, scopes });
  return (kind, message) => report(kind, `${message}\n  subscribed by ${who}: ${what}`);
}
