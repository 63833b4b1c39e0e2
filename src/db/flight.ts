import type { Socket } from 'node:net';
import type pg from 'pg';
import { cancelRunning } from './cancel-running.ts';
import type { DatabaseWatch } from './database-watch.ts';
import { planForTenantSettings, planOnceSettings } from './plan-once.ts';
import type { Query } from './query.ts';
import { type Scope, type ScopeDefaults, type ScopeSettings, scopeStatement, settingsStatement } from './scope.ts';
import { databaseError, sqlstateOf } from './sqlstate.ts';
import { type TakenConnection, takeConnection } from './take-connection.ts';
import type { Turns } from './turns.ts';

/** Whether connections keep statements parsed under their names; shared by all views of a database. */
export interface Preparing {
  /** Turned off for good when a pooler in between turns out to know nothing of names. */
  isOn: boolean;
  readonly onLost?: () => void;
}

/** What a flight needs of a database. */
export interface Connections {
  readonly pool: pg.Pool;
  /** Who gets the next connection; whoever asks first, without it. */
  readonly turns?: Turns;
  /** True where statements may be sent before the answer to the one ahead of them. The embedded database answers one by one. */
  readonly pipelined: boolean;
  readonly preparing: Preparing;
  readonly scopeDefaults: ScopeDefaults;
  /** Absent where nobody counts. */
  readonly watch?: DatabaseWatch;
  /** Aborted when nobody waits for answers any more: what runs is cancelled, and nothing new begins. */
  readonly signal?: AbortSignal;
}

/** Statements of one reader, with the settings that they want beside the scope's. */
export interface FlightPart {
  readonly settings: ScopeSettings | undefined;
  readonly queries: readonly Query[];
}

/** A part's answer: the rows of each of its statements, or why there are none. */
export type FlightAnswer = { readonly rows: unknown[][] } | { readonly error: unknown };

/**
 * SQLSTATEs of a statement behind one that failed: it was not even tried, or not found, because the one that was to have it
 * parsed was not tried.
 */
const abortedBefore: readonly unknown[] = ['25P02', '26000'];

/** SQLSTATEs of a name that another connection of the pooler has the statement under, or that has one here already. */
const nameLost: readonly unknown[] = ['26000', '42P05'];

/**
 * Runs the parts' read-only statements in one transaction: `begin` with the scope, all statements and `commit` are sent
 * together, so the whole costs one round trip (24 ms on a 20 ms link, against 95 ms awaited one by one).
 *
 * A part that fails takes no other down: those behind it fly again.
 * @returns one answer per part, in order. It never rejects.
 */
export async function fly(on: Connections, scope: Scope, parts: readonly FlightPart[]): Promise<FlightAnswer[]> {
  const answers = await flyOnce(on, scope, parts);
  const grounded = answers.flatMap((answer, index) => ('error' in answer && wasNotTried(answer.error) ? [index] : []));
  // The part that failed comes before them, so each round is smaller than the one before.
  if (grounded.length === 0 || grounded.length === parts.length) return answers;
  const again = await fly(
    on,
    scope,
    grounded.map((index) => parts[index] as FlightPart),
  );
  for (const [position, index] of grounded.entries()) answers[index] = again[position] as FlightAnswer;
  return answers;
}

async function flyOnce(on: Connections, scope: Scope, parts: readonly FlightPart[]): Promise<FlightAnswer[]> {
  const { signal, preparing } = on;
  const prepares = preparing.isOn;
  // How the next statement will be planned.
  let once = plansOnce(parts[0]?.queries[0], prepares);
  let taken: TakenConnection;
  let opening: string;
  try {
    // The settings of one part alone travel with the scope.
    const [only] = parts.length === 1 ? parts : [];
    opening = `begin read only; ${scopeStatement({ ...scope, ...(only?.settings && { settings: only.settings }) }, on.scopeDefaults)}`;
    if (once) opening += `; ${planOnceSettings}`;
    signal?.throwIfAborted();
    taken = await takeConnection(on, scope);
  } catch (error) {
    return parts.map(() => ({ error: databaseError(error) }));
  }
  const { client } = taken;
  if (signal?.aborted) {
    taken.release();
    return parts.map(() => ({ error: signal.reason }));
  }
  const queries: pg.QueryConfig[] = [{ text: opening }];
  const places = parts.map(({ settings, queries: wanted }) => {
    const setting = parts.length > 1 && settings && settingsStatement(settings);
    if (setting) queries.push({ text: setting });
    // Places of the answers: between them stand settings.
    return wanted.map((query) => {
      const { name, sql, parameters } = query;
      if (plansOnce(query, prepares) !== once) {
        once = !once;
        queries.push({ text: once ? planOnceSettings : planForTenantSettings });
      }
      queries.push({
        text: sql,
        values: parameters as unknown[],
        ...(prepares && name !== undefined && { name: nameFor(scope, name) }),
      });
      return queries.length - 1;
    });
  });
  queries.push({ text: 'commit' });
  const cancel = () => cancelRunning(client);
  // The embedded database has no other connection on which it could be told.
  if (on.pipelined) signal?.addEventListener('abort', cancel, { once: true });
  const sentAtMs = performance.now();
  const settled = await send(client, queries, on.pipelined);
  on.watch?.onFlight('read', countStatements(parts), performance.now() - sentAtMs);
  signal?.removeEventListener('abort', cancel);
  // A transaction that could not be closed leaves its connection in doubt, and nobody may have it after that; nor one that
  // a request to cancel is under way to.
  taken.release(settled.at(-1)?.status !== 'fulfilled' || signal?.aborted);
  if (signal?.aborted) return parts.map(() => ({ error: signal.reason }));
  if (prepares && isNameLost(settled)) {
    if (preparing.isOn) preparing.onLost?.();
    preparing.isOn = false;
    return flyOnce(on, scope, parts);
  }
  const opened = settled[0];
  if (opened?.status === 'rejected') return parts.map(() => ({ error: databaseError(opened.reason) }));
  return places.map((own) => toAnswer(own.map((place) => settled[place] as PromiseSettledResult<pg.QueryResult>)));
}

/** Only where connections keep statements: else the plan for one tenant costs no more than one for any. */
function plansOnce(query: Query | undefined, prepares: boolean): boolean {
  return prepares && query?.name !== undefined && query.isPlannedOnce === true;
}

/**
 * PostgreSQL analyses and plans a kept statement anew when another role runs it than the last time: where tokens with both scopes and
 * with `search` alone took turns on a connection, that doubled a search whose plan is made once (8.2 ms to 4.3).
 */
function nameFor({ role }: Scope, name: string): string {
  return role === 'tessera_reader' ? name : `${name}_${role}`;
}

async function send(client: pg.PoolClient, queries: readonly pg.QueryConfig[], pipelined: boolean) {
  if (pipelined) {
    // One write to the socket for the whole flight; `pg` would make one for each query.
    const { stream } = (client as unknown as { readonly connection: { readonly stream: Socket } }).connection;
    stream.cork();
    const sent = queries.map((query) => client.query(query));
    stream.uncork();
    return Promise.allSettled(sent);
  }
  const settled: PromiseSettledResult<pg.QueryResult>[] = [];
  for (const query of queries) settled.push(...(await Promise.allSettled([client.query(query)])));
  return settled;
}

function countStatements(parts: readonly FlightPart[]): number {
  return parts.reduce((sum, { queries }) => sum + queries.length, 0);
}

function toAnswer(settled: readonly PromiseSettledResult<pg.QueryResult>[]): FlightAnswer {
  const rows: unknown[][] = [];
  for (const result of settled) {
    if (result.status === 'rejected') return { error: databaseError(result.reason) };
    rows.push(result.value.rows);
  }
  return { rows };
}

function wasNotTried(error: unknown): boolean {
  return abortedBefore.includes(sqlstateOf(error));
}

/**
 * The first that failed failed for its name: the pooler gave the transaction another connection than the one that parsed the
 * statement. A name is a digest of its text, so what was found under it, if anything, was the same statement.
 */
function isNameLost(settled: readonly PromiseSettledResult<unknown>[]): boolean {
  const first = settled.find((one) => one.status === 'rejected');
  return first !== undefined && nameLost.includes(sqlstateOf(first.reason));
}
