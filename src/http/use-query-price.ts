import { type DocumentNode, type GraphQLSchema, getOperationAST } from 'graphql';
import { isAsyncIterable, type Plugin } from 'graphql-yoga';
import { Refusal } from '../errors.ts';
import { compilePrice, type QueryPrice } from '../graphql/query-price.ts';

const free: QueryPrice = () => 0;

/**
 * Refuses a request that costs too much before any of it is executed, and tells the price of every other in
 * `extensions.cost`. A document is priced when it is first seen; after that a request costs a look-up and some sums.
 */
export function useQueryPrice(limit: number): Plugin {
  const prices = new WeakMap<DocumentNode, Map<string, QueryPrice>>();

  function priceFor(schema: GraphQLSchema, document: DocumentNode, operationName: string): QueryPrice {
    let byOperation = prices.get(document);
    if (!byOperation) {
      byOperation = new Map();
      prices.set(document, byOperation);
    }
    const known = byOperation.get(operationName);
    if (known) return known;
    const operation = getOperationAST(document, operationName || undefined);
    // Execution says that there is no such operation.
    if (!operation) return free;
    const price = compilePrice(schema, document, operation);
    byOperation.set(operationName, price);
    return price;
  }

  return {
    onExecute: ({ args }) => {
      const { schema, document, operationName, variableValues } = args;
      const price = Math.ceil(priceFor(schema, document, operationName ?? '')(variableValues ?? {}));
      if (price > limit) {
        const message = `The request costs ${price} points; at most ${limit} are allowed. Ask for fewer items, or in several requests.`;
        throw new Refusal('QUERY_TOO_EXPENSIVE', message);
      }
      return {
        onExecuteDone: ({ result, setResult }) => {
          if (isAsyncIterable(result)) return;
          setResult({ ...result, extensions: { ...result.extensions, cost: { price, limit } } });
        },
      };
    },
  };
}
