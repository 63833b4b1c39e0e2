import { type DocumentNode, type GraphQLSchema, getOperationAST } from 'graphql';
import { compilePrice, type QueryPrice } from '../graphql/query-price.ts';

/** What of a request decides its price, besides its document. */
export interface PricedParams {
  readonly operationName?: string | null | undefined;
  readonly variables?: Readonly<Record<string, unknown>> | null | undefined;
}

/** The price of a request in whole points. */
export type PriceRequest = (schema: GraphQLSchema, document: DocumentNode, params: PricedParams) => number;

const free: QueryPrice = () => 0;

/** Makes what prices requests. A document is priced when it is first seen; after that a request costs a look-up and some sums. */
export function createPricer(): PriceRequest {
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

  return (schema, document, params) =>
    Math.ceil(priceFor(schema, document, params.operationName ?? '')(params.variables ?? {}));
}
