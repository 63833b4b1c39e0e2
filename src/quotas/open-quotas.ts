import type { Principal } from '../auth/principal.ts';
import { type Database, readInFlight, transact } from '../db/database.ts';
import { gateScope, meterScope } from '../db/scope.ts';
import type { Logger } from '../log.ts';
import { type Limits, type QuotaState, RateLimited, type WindowKind, windowKinds } from '../quota.ts';
import { type CallerLimits, type LimitsBook, openLimitsBook } from './limits-book.ts';
import { type Budget, createMeter, type TakeSlice } from './meter.ts';
import { limitsSinceStatement, takeQuotaStatement } from './quota-statements.ts';

/** How much a request uses of its windows. */
export type Amounts = { readonly [Kind in WindowKind]?: number };

/** The limits of all tenants, and what is spent of them. */
export interface Quotas {
  readonly limits: LimitsBook;
  /** The length of each kind's window, in seconds. */
  readonly windowSeconds: Readonly<Record<WindowKind, number>>;
  /**
   * Spends of what a caller is held to: all of it, or nothing.
   * @returns what is left afterwards; undefined, at once, for a caller without limits on any of it.
   * @throws {RateLimited}, or `DATABASE_UNAVAILABLE` where the database had to be asked.
   */
  spend(principal: Principal, amounts: Amounts): Promise<readonly QuotaState[]> | undefined;
}

export interface QuotasOptions {
  readonly database: Database;
  /** Limits of tenants for which no others were set. */
  readonly defaults: Limits;
  readonly log: Logger;
  /** Other lengths of windows than a minute and a day, in seconds. */
  readonly windowSeconds?: Quotas['windowSeconds'];
  /** Told of every refusal. */
  readonly onRefused?: ((kind: WindowKind) => void) | undefined;
}

const usualWindowSeconds: Quotas['windowSeconds'] = {
  requestsPerMinute: 60,
  costPointsPerMinute: 60,
  embeddingTokensPerDay: 86_400,
};

/** Reads the limits there are, and makes what holds callers to them. */
export async function openQuotas(options: QuotasOptions): Promise<Quotas> {
  const { database, defaults, log, windowSeconds = usualWindowSeconds } = options;
  const limits = await openLimitsBook(readLimits, defaults, log);
  const windowMs = Object.fromEntries(windowKinds.map((kind) => [kind, 1_000 * windowSeconds[kind]]));
  const meter = createMeter(takeSlice, windowMs as Record<WindowKind, number>);

  async function readLimits(seconds: number | undefined) {
    const [rows] = await readInFlight(database, gateScope, [limitsSinceStatement(seconds)]);
    return rows;
  }

  async function spendAll(budgets: readonly Budget[], amounts: Amounts): Promise<QuotaState[]> {
    const states: QuotaState[] = [];
    for (const [index, budget] of budgets.entries()) {
      const asked = amounts[budget.kind] ?? 0;
      const { isGranted, remaining, resetsInMs } = await meter.spend(budget, asked);
      const state: QuotaState = {
        kind: budget.kind,
        holder: budget.keyId === undefined ? 'tenant' : 'apiKey',
        limit: budget.limit,
        remaining,
        resetsAt: new Date(Date.now() + resetsInMs),
      };
      if (!isGranted) {
        for (const spent of budgets.slice(0, index)) meter.giveBack(spent, amounts[spent.kind] ?? 0);
        options.onRefused?.(budget.kind);
        throw new RateLimited(state, asked, Math.max(1, Math.ceil(resetsInMs / 1_000)));
      }
      states.push(state);
    }
    return states;
  }

  return {
    limits,
    windowSeconds,
    spend(principal, amounts) {
      const waiting = limits.freshen();
      const spendNow = () => {
        const budgets = budgetsOf(principal, limits.of(principal), amounts);
        return budgets.length > 0 ? spendAll(budgets, amounts) : undefined;
      };
      return waiting ? waiting.then(async () => (await spendNow()) ?? []) : spendNow();
    },
  };

  /** A slice is asked for in a transaction of its own: no request's is open at that time. */
  async function takeSlice({ tenantId, keyId, kind, limit }: Budget, wished: number): ReturnType<TakeSlice> {
    const wanted = { keyId, kind, atLeast: 1, wished, limit, windowSeconds: windowSeconds[kind] };
    const [granted] = await transact(database, meterScope(tenantId), (execute) => execute(takeQuotaStatement(wanted)));
    if (!granted) throw new Error('The database did not say what is left of a limit.');
    return granted;
  }
}

function budgetsOf({ tenantId, keyId }: Principal, { tenant, key }: CallerLimits, amounts: Amounts): Budget[] {
  if (!tenant && !key) return [];
  return (Object.keys(amounts) as WindowKind[]).flatMap((kind) => {
    const own = tenant?.[kind];
    const ofKey = key?.[kind];
    return [
      ...(own === undefined ? [] : [{ tenantId, kind, limit: own }]),
      ...(ofKey === undefined ? [] : [{ tenantId, keyId, kind, limit: ofKey }]),
    ];
  });
}
