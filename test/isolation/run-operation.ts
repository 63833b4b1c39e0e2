import type { Answer } from '../support/graphql-answer.ts';
import { callWithClaims } from './claims.ts';
import { attemptRaw } from './database-attempts.ts';
import { type Databases, readRaw } from './database-reads.ts';
import { refuseTexts } from './dead-letter-parts.ts';
import { createDraws } from './draws.ts';
import type { ModelTenant } from './model.ts';
import { applyDrain } from './model-jobs.ts';
import type { ObservedWatches } from './observe-watches.ts';
import { type Operation, partsOf } from './operations.ts';
import { aliasOf, fieldOf, type Got, type Part, type Report, requestOf, show } from './part.ts';
import { scanAnswer } from './scan-answer.ts';
import { settle, subscribe } from './subscribe.ts';
import type { TableGrants } from './tenant-tables.ts';
import { type Caller, learnIds, type World } from './world.ts';

/** What was done, in numbers. */
export interface Tally {
  /** By kind. */
  readonly operations: Record<string, number>;
  refused: number;
  /** What subscriptions were told while others wrote. */
  events: number;
  /** Rows and other single answers that were held to the model. */
  rows: number;
}

/** What operations are done to. */
export interface Field {
  readonly world: World;
  readonly databases: Databases;
  readonly tables: readonly TableGrants[];
  readonly watched: ObservedWatches;
  readonly tally: Tally;
}

/** Does one operation and reports where it differs from the model. */
export async function runOperation(field: Field, operation: Operation, report: Report): Promise<void> {
  const { world, databases, tables, watched, tally } = field;
  const { kind, seed, text } = operation;
  const draws = createDraws(seed);
  if (kind === 'drain') {
    count(tally, kind);
    await world.gateway.embedAll();
    for (const tenant of world.tenants) applyDrain(tenant);
    await settleAll(field, world.tenants, report);
  } else if (kind === 'refuse') {
    count(tally, kind);
    await refuseTexts(world, draws);
    await settleAll(field, world.tenants, report);
  } else if (kind === 'subscribe') {
    const able = world.callers.filter(({ scopes, isRevoked }) => scopes.includes('search') && !isRevoked);
    const caller = draws.pick(draws.chance(0.85) ? able : world.callers);
    const subscribed = await subscribe(world, watched, caller, draws, text, report);
    count(tally, subscribed.kind);
    if (subscribed.isRefused) tally.refused++;
    tally.rows += subscribed.rows;
  } else if (kind === 'claims') {
    count(tally, kind);
    const rows = await callWithClaims(world, draws, text, report);
    if (rows === undefined) tally.refused++;
    tally.rows += rows ?? 0;
  } else if (kind === 'database read') {
    count(tally, kind);
    tally.rows += await readRaw(world, databases, draws, text, report);
  } else if (kind === 'database attempt') {
    count(tally, kind);
    if (await attemptRaw(world, databases, tables, draws, report)) tally.refused++;
  } else if (kind === 'nobody') {
    count(tally, kind);
    tally.refused++;
    await callAsNobody(
      world,
      draws.pick(['viewer { tenantId }', 'documents { edges { node { id } } }', 'tenant { id }']),
      report,
    );
  } else {
    const writers = world.callers.filter(({ scopes }) => scopes.includes('documents:write'));
    const caller = draws.pick(kind === 'fill' || (kind === 'write' && draws.chance(0.7)) ? writers : world.callers);
    await call(field, caller, partsOf(operation, world, caller, draws), report);
    if (kind === 'read') return;
    await learnIds(world);
    await settleAll(field, [caller.tenant], report);
  }
}

async function settleAll({ world, watched, tally }: Field, tenants: readonly ModelTenant[], report: Report) {
  const { rows, events } = await settle(world, watched, tenants, report);
  tally.rows += rows;
  tally.events += events;
}

async function callAsNobody({ gateway }: World, field: string, report: Report): Promise<void> {
  const { errors, text } = await gateway.graphql(undefined, `{ ${field} }`);
  if (errors[0]?.extensions?.code !== 'UNAUTHENTICATED') report('leak', `nobody got ${text.slice(0, 300)}`);
}

/** Sends fields as a caller: those that may be refused by themselves, the others in one request. */
async function call(field: Field, caller: Caller, parts: readonly Part[], report: Report): Promise<void> {
  const isLone = (part: Part) =>
    part.alone || caller.isRevoked || !part.scopes.every((scope) => caller.scopes.includes(scope));
  const together = parts.filter((part) => !isLone(part));
  const requests = [...(together.length > 0 ? [together] : []), ...parts.filter(isLone).map((part) => [part])];
  for (const request of requests) await send(field, caller, request, report);
}

async function send({ world, tally }: Field, caller: Caller, parts: readonly Part[], report: Report): Promise<void> {
  const { query, variables } = requestOf(parts);
  const answer = await world.gateway.graphql(caller.token, query, variables);
  for (const { kind } of parts) count(tally, kind);
  const isRefused =
    caller.isRevoked || !parts.every(({ scopes }) => scopes.every((scope) => caller.scopes.includes(scope)));
  const asked: Report = (kind, message) =>
    report(kind, `${message}\n  asked by ${who(caller)}: ${query}\n  with ${JSON.stringify(variables)}`);
  if (isRefused) {
    tally.refused += parts.length;
    // Arguments are read before scopes are looked at, so what cannot be read is refused for that.
    const expected = caller.isRevoked ? ['TOKEN_REVOKED'] : ['FORBIDDEN', 'BAD_USER_INPUT'];
    const isAnswered = Object.values(answer.data ?? {}).some((value) => value !== null);
    if (isAnswered || !expected.includes(String(codesOf(answer)[0])))
      asked('leak', `an answer that should be ${expected} is ${answer.text.slice(0, 300)}`);
  } else {
    for (const [index, part] of parts.entries()) {
      const alias = aliasOf(index);
      const got: Got = {
        value: fieldOf(answer.data, alias),
        codes: codesOf(answer, parts.length > 1 ? alias : undefined),
      };
      if (got.codes.includes('INTERNAL_SERVER_ERROR')) asked('missing', `a bug: ${answer.text.slice(0, 300)}`);
      const isFault = got.codes.length > 0 || typeof fieldOf(got.value, 'code') === 'string';
      if (isFault) tally.refused++;
      // A field that fails may take the others of its request with it.
      const isLost = got.codes.length > 0 || !answer.data;
      if (isLost && !part.alone && !part.writes) asked('missing', `an answer is ${show(got)}`);
      else tally.rows += part.check(got, asked);
    }
  }
  const writes = parts.some((part) => part.writes || part.showsIds);
  scanAnswer(world, caller, answer.text, { writes, request: JSON.stringify(variables) }, asked);
}

function codesOf(answer: Answer, alias?: string): string[] {
  return answer.errors
    .filter(({ path }) => alias === undefined || path === undefined || path[0] === alias)
    .map(({ extensions }) => String(extensions?.code));
}

function who({ tenant, subject, groups, scopes, keyId }: Caller): string {
  return show({ tenant: tenant.id, subject, groups, scopes, ...(keyId !== undefined && { keyId }) });
}

function count({ operations }: Tally, kind: string): void {
  operations[kind] = (operations[kind] ?? 0) + 1;
}
