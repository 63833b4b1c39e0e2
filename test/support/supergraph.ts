import { composeServices } from '@apollo/composition';
import { ApolloGateway, RemoteGraphQLDataSource } from '@apollo/gateway';
import { type ExecutionResult, Kind, parse, validate } from 'graphql';

/** A part of a supergraph. */
export interface Subgraph {
  readonly name: string;
  readonly url: string;
  readonly sdl: string;
}

/**
 * Composes a supergraph as a router's tools do.
 * @returns its SDL.
 * @throws with what composition finds wrong.
 */
export function composeSupergraph(subgraphs: readonly Subgraph[]): string {
  const result = composeServices(subgraphs.map(({ sdl, ...rest }) => ({ ...rest, typeDefs: parse(sdl) })));
  if (result.errors) throw new Error(result.errors.map(({ message }) => message).join('\n'));
  return result.supergraphSdl;
}

/** Apollo Gateway over a supergraph, without a server around it: it plans queries and asks the subgraphs over HTTP. */
export interface RunningSupergraph {
  /** Asks as the bearer of a token, which is passed on to every subgraph. */
  ask(token: string | undefined, query: string, variables?: Record<string, unknown>): Promise<ExecutionResult>;
  /** Bodies of the requests that subgraphs were sent, in order. */
  readonly sent: { readonly url: string; readonly query: string }[];
  close(): Promise<void>;
}

export async function runSupergraph(supergraphSdl: string): Promise<RunningSupergraph> {
  const sent: { url: string; query: string }[] = [];
  const gateway = new ApolloGateway({
    supergraphSdl,
    logger: { debug() {}, info() {}, warn() {}, error() {} },
    buildService: ({ url = '' }) =>
      new RemoteGraphQLDataSource({
        url,
        willSendRequest: ({ request, context }) => {
          sent.push({ url, query: request.query ?? '' });
          const { authorization } = context as { authorization?: string };
          if (authorization) request.http?.headers.set('authorization', authorization);
        },
      }),
  });
  const { schema, executor } = await gateway.load();
  return {
    sent,
    ask: async (token, query, variables = {}) => {
      const document = parse(query);
      const faults = validate(schema, document);
      if (faults.length > 0) return { errors: faults };
      const operation = document.definitions.find((node) => node.kind === Kind.OPERATION_DEFINITION);
      const context = { ...(token !== undefined && { authorization: `Bearer ${token}` }) };
      const asked = {
        request: { query, variables },
        document,
        operation,
        operationName: null,
        queryHash: query,
        context,
      };
      return executor({ ...asked, metrics: {}, schema, source: query, cache: new Map() } as never);
    },
    close: () => gateway.stop(),
  };
}
