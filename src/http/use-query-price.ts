import { type DocumentNode, type GraphQLSchema, getOperationAST } from 'graphql';
import { isAsyncIterable, type Plugin } from 'graphql-yoga';
import { Refusal } from '../errors.ts';
import { compilePrice, type QueryPrice } from '../graphql/query-price.ts';

const free: QueryPrice = () => 0;

/** What of a request decides its price, besides its document. */
interface Params {
  readonly operationName?: string | null | undefined;
  readonly variables?: Readonly<Record<string, unknown>> | null | undefined;
}

/**
 * Refuses a request that costs too much before anything else is done for it, and tells the price of every other in
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

  const priceIn = (schema: GraphQLSchema, document: DocumentNode, params: Params) =>
    Math.ceil(priceFor(schema, document, params.operationName ?? '')(params.variables ?? {}));

  return {
    // Before there is a context: telling who calls may already need the database.
    onValidate: ({ params: { schema, documentAST }, context }) => {
      return ({ valid }) => {
        if (!valid) return;
        const price = priceIn(schema, documentAST, (context as { readonly params: Params }).params);
        if (price <= limit) return;
        const message = `The request costs ${price} points; at most ${limit} are allowed. Ask for fewer items, or in several requests.`;
        throw new Refusal('QUERY_TOO_EXPENSIVE', message);
      };
    },
    onExecute: ({ args: { schema, document, operationName, variableValues } }) => {
      const price = priceIn(schema, document, { operationName, variables: variableValues });
      return {
        onExecuteDone: ({ result, setResult }) => {
          if (isAsyncIterable(result)) return;
          setResult({ ...result, extensions: { ...result.extensions, cost: { price, limit } } });
        },
      };
    },
  };
}
