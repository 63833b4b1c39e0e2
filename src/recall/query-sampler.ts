import { type Database, transact } from '../db/database.ts';
import { samplerScope } from '../db/scope.ts';
import { sqlstateOf } from '../db/sqlstate.ts';
import type { TenantId } from '../ids.ts';
import type { Logger } from '../log.ts';
import { isShut } from '../shut-tenant.ts';
import { type DrawnQuery, keepQueriesStatement } from './query-sample-statements.ts';

/** Keeps some of the queries that people ask: in memory while they are asked, and in the database every now and then. */
export interface QuerySampler {
  /** Takes note of a query, or does not. Nothing is waited for. */
  note(tenantId: TenantId, query: Omit<DrawnQuery, 'draw'>): void;
  /** Writes what was noted, in one statement a tenant. What cannot be written is let go: it is a sample. */
  flush(): Promise<void>;
  /** Writes the last ones, and no others. */
  close(): Promise<void>;
}

export interface QuerySamplerOptions {
  readonly database: Database;
  readonly log: Logger;
  /** The share of queries that are noted: above 0, up to 1. */
  readonly rate: number;
  /** Queries that are kept of a tenant at most: 500 unless told otherwise. */
  readonly size?: number;
  /** From 0 up to and not including 1. */
  readonly random?: () => number;
  /** A clock that is never set back, in milliseconds. */
  readonly now?: () => number;
}

/** Of 500 queries a mean overlap is known to within 0.02 (two standard errors, where single ones vary by 0.2). */
const defaultSize = 500;
const flushEveryMs = 30_000;
/** Of all tenants, at 8,000 characters at most: 16 MB if each were as long as can be. */
const mostWaiting = 1_000;
/** So long it is remembered what a query has to draw: what the worker clears away makes room for others. */
const trustBoundMs = 3_600_000;

/**
 * Every query draws a number, and the tenant's smallest are kept, whichever gateway noted them (bottom-k sampling). A gateway
 * remembers the largest of those, so that once a sample is full hardly any query waits to be written.
 */
export function createQuerySampler(options: QuerySamplerOptions): QuerySampler {
  const { database, log, rate, size = defaultSize, random = Math.random, now = () => performance.now() } = options;
  const waiting = new Map<TenantId, DrawnQuery[]>();
  const bounds = new Map<TenantId, { readonly mostDraw: number; readonly knownAtMs: number }>();
  let count = 0;
  let flushing: Promise<void> | undefined;
  const timer = setInterval(flush, flushEveryMs).unref();

  function isTooLarge(tenantId: TenantId, draw: number): boolean {
    const bound = bounds.get(tenantId);
    return draw >= rate || (bound !== undefined && draw >= bound.mostDraw && now() - bound.knownAtMs < trustBoundMs);
  }

  async function flushOnce(): Promise<void> {
    const taken = [...waiting];
    waiting.clear();
    count = 0;
    for (const [tenantId, { knownAtMs }] of bounds) if (now() - knownAtMs >= trustBoundMs) bounds.delete(tenantId);
    for (const [tenantId, queries] of taken) {
      try {
        const statement = keepQueriesStatement(tenantId, queries, size);
        const [bound] = await transact(database, samplerScope(tenantId), (execute) => execute(statement));
        if (bound?.mostDraw == null) bounds.delete(tenantId);
        else bounds.set(tenantId, { mostDraw: bound.mostDraw, knownAtMs: now() });
      } catch (error) {
        const level = isNoTenant(error) ? 'debug' : 'warn';
        log[level]({ err: error, tenantId, queries: queries.length }, 'queries of a tenant could not be kept');
      }
    }
  }

  function flush(): Promise<void> {
    flushing ??= flushOnce().finally(() => {
      flushing = undefined;
    });
    return flushing;
  }

  return {
    note(tenantId, query) {
      const draw = random();
      if (isTooLarge(tenantId, draw) || count >= mostWaiting) return;
      const queries = waiting.get(tenantId) ?? [];
      queries.push({ ...query, draw });
      waiting.set(tenantId, queries);
      if (++count >= mostWaiting) void flush();
    },
    flush,
    async close() {
      clearInterval(timer);
      await flushing;
      await flush();
    },
  };
}

/** A tenant that is not known yet, suspended or deleted. */
function isNoTenant(error: unknown): boolean {
  return isShut(error) || sqlstateOf(error) === '23503';
}
