import { isAsyncIterable, type Plugin } from 'graphql-yoga';
import type { Principal } from '../auth/principal.ts';
import type { RequestContext } from '../graphql/context.ts';
import type { QuotaExceededError, QuotaState } from '../quota.ts';
import type { PriceRequest } from './price-requests.ts';
import { httpOfRefusedWrites } from './refused-writes.ts';

/**
 * Spends what a request uses of its caller's limits.
 * @returns what is left of them; undefined, at once, for a caller that has none.
 */
export type SpendQuotas = (
  principal: Principal,
  amounts: { readonly requestsPerMinute: number; readonly costPointsPerMinute: number },
) => Promise<readonly QuotaState[]> | undefined;

type ExecuteHooks = Extract<Awaited<ReturnType<NonNullable<Plugin<RequestContext>['onExecute']>>>, object>;

/**
 * Counts a request, and its price, against the limits of whoever sent it, before it is executed: refused with 429 once they
 * are gone. Answers to callers with limits tell in `extensions.quota` what is left, and answers to writes that were refused over a
 * limit what was left for them: with 429 as well, where nothing else was asked for.
 */
export function useQuotas(spend: SpendQuotas, priceOf: PriceRequest): Plugin<RequestContext> {
  return {
    // A subscription is a request of its price when it begins; its events are paid with that.
    onSubscribe: async ({ args: { schema, document, operationName, variableValues, contextValue } }) => {
      const { principal } = contextValue as RequestContext;
      if (!principal) return;
      const costPointsPerMinute = priceOf(schema, document, { operationName, variables: variableValues });
      await spend(principal, { requestsPerMinute: 1, costPointsPerMinute });
    },
    onExecute: ({ args: { schema, document, operationName, variableValues, contextValue } }) => {
      const { principal } = contextValue as RequestContext;
      if (!principal) return undefined;
      const costPointsPerMinute = priceOf(schema, document, { operationName, variables: variableValues });
      const tell = (states: readonly QuotaState[]): ExecuteHooks => ({
        onExecuteDone: ({ result, setResult }) => {
          const { refusedWrites } = contextValue as RequestContext;
          const quota = [...states, ...refusedWrites].map(describeQuota);
          if (isAsyncIterable(result) || quota.length === 0) return;
          const http = httpOfRefusedWrites(result.data, refusedWrites);
          setResult({ ...result, extensions: { ...result.extensions, quota, ...(http && { http }) } });
        },
      });
      return spend(principal, { requestsPerMinute: 1, costPointsPerMinute })?.then(tell) ?? tell([]);
    },
  };
}

/** A limit as `extensions.quota` tells it, with the names of the schema's `QuotaKind`. */
export function describeQuota({ kind, holder, limit, remaining, resetsAt }: QuotaState | QuotaExceededError) {
  const resets = resetsAt?.toISOString() ?? null;
  return { kind: constantCase(kind), holder: constantCase(holder), limit, remaining, resetsAt: resets };
}

function constantCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}
