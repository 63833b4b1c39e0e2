import type { ExecutionResult } from 'graphql';
import { isAsyncIterable, type Plugin } from 'graphql-yoga';
import { Refusal } from '../errors.ts';
import type { PricedParams, PriceRequest } from './price-requests.ts';

/**
 * Refuses a request that costs too much before anything else is done for it, and tells the price of every other in
 * `extensions.cost`.
 */
export function useQueryPrice(limit: number, priceOf: PriceRequest): Plugin {
  return {
    // Before there is a context: telling who calls may already need the database.
    onValidate: ({ params: { schema, documentAST }, context }) => {
      return ({ valid }) => {
        if (!valid) return;
        const price = priceOf(schema, documentAST, (context as { readonly params: PricedParams }).params);
        if (price <= limit) return;
        const message = `The request costs ${price} points; at most ${limit} are allowed. Ask for fewer items, or in several requests.`;
        throw new Refusal('QUERY_TOO_EXPENSIVE', message);
      };
    },
    onExecute: ({ args: { schema, document, operationName, variableValues } }) => {
      const price = priceOf(schema, document, { operationName, variables: variableValues });
      return {
        onExecuteDone: ({ result, setResult }) => {
          const withPrice = <Part extends ExecutionResult>(part: Part) => ({
            ...part,
            extensions: { ...part.extensions, cost: { price, limit } },
          });
          if (!isAsyncIterable(result)) {
            setResult(withPrice(result));
            return undefined;
          }
          // Of an answer in parts the first says it.
          let isFirst = true;
          return {
            onNext: ({ result: part, setResult: setPart }) => {
              if (isFirst) setPart(withPrice(part));
              isFirst = false;
            },
          };
        },
      };
    },
  };
}
