import { createYoga, type YogaServerInstance } from 'graphql-yoga';
import { readBearerToken } from '../auth/bearer.ts';
import type { VerifyToken } from '../auth/verify-token.ts';
import { createLoaders, type GraphQLDeps, type RequestContext } from '../graphql/context.ts';
import { schema } from '../graphql/schema.ts';
import { subgraphSchema } from '../graphql/subgraph-schema.ts';
import type { Logger } from '../log.ts';
import { createErrorMask } from './error-response.ts';
import { type GraphiqlOptions, graphiqlPage, renderGraphiqlPage } from './graphiql-page.ts';
import { useCodedErrors } from './use-coded-errors.ts';

import { type ReadyCheck, useHealthChecks } from './use-health-checks.ts';
import { useNoIntrospection } from './use-no-introspection.ts';
import { useParseLimit } from './use-parse-limit.ts';
import { usePlainRefusals } from './use-plain-refusals.ts';
import { usePrivateResponses } from './use-private-responses.ts';
import { useReadableRequests } from './use-readable-requests.ts';
import { useRequestId } from './use-request-id.ts';
import { useResponseType } from './use-response-type.ts';

export interface GatewayOptions {
  /** What the resolvers of one request call; asked for once a request, whose reads then share flights. */
  readonly depsForRequest: () => GraphQLDeps;
  readonly verifyToken: VerifyToken;
  readonly log: Logger;
  readonly isReady: ReadyCheck;
  readonly introspection: boolean;
  /** Whether it answers a federation router. */
  readonly federation: boolean;
  /** Absent: GraphiQL is off. */
  readonly graphiql: GraphiqlOptions | undefined;
  readonly maxBodyBytes: number;
  readonly requestTimeoutMs: number;
}

export type Gateway = YogaServerInstance<Record<string, never>, RequestContext>;

/** The HTTP face: `/graphql`, `/health` and `/ready`. Every request is one principal's or nobody's. */
export function createGateway(options: GatewayOptions): Gateway {
  const { depsForRequest, verifyToken, graphiql } = options;
  const maskError = createErrorMask(options);
  return createYoga<Record<string, never>, RequestContext>({
    schema: options.federation ? subgraphSchema() : schema,
    graphqlEndpoint: '/graphql',
    landingPage: false,
    // The library's own check answers any URL that ends like this, queries included; no URL ends with a space.
    healthCheckEndpoint: ' ',
    cors: false,
    batching: false,
    logging: false,
    multipart: false,
    maxRequestBodySize: options.maxBodyBytes,
    graphiql: graphiql ? () => graphiqlPage(graphiql) : false,
    renderGraphiQL: renderGraphiqlPage,
    context: async ({ request }) => {
      const principal = await authenticate(request, verifyToken);
      const deps = depsForRequest();
      const signal = AbortSignal.any([request.signal, AbortSignal.timeout(options.requestTimeoutMs)]);
      return { deps, principal, signal, loaders: createLoaders(deps, principal) };
    },
    maskedErrors: { maskError },
    plugins: [
      usePlainRefusals(),
      useRequestId(),
      useHealthChecks(options.isReady, options.log),
      useReadableRequests(),
      useParseLimit(),
      ...(options.introspection ? [] : [useNoIntrospection()]),
      useCodedErrors(maskError),
      useResponseType(),
      usePrivateResponses(),
    ],
  });
}

/** A request without a token may ask what the schema is; one with a token that does not hold is refused outright. */
async function authenticate(request: Request, verifyToken: VerifyToken) {
  const authorization = request.headers.get('authorization');
  return authorization === null ? undefined : verifyToken(readBearerToken(authorization));
}
