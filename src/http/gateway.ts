import { createYoga, type YogaServerInstance } from 'graphql-yoga';
import { readBearerToken } from '../auth/bearer.ts';
import type { Principal } from '../auth/principal.ts';
import type { VerifyToken } from '../auth/verify-token.ts';
import { createLoaders, type GraphQLDeps, type RequestContext } from '../graphql/context.ts';
import { schema } from '../graphql/schema.ts';
import { subgraphSchema } from '../graphql/subgraph-schema.ts';
import type { Logger } from '../log.ts';
import type { QuotaExceededError } from '../quota.ts';
import { createErrorMask } from './error-response.ts';
import { createDocumentFinder } from './find-document.ts';
import { type GraphiqlOptions, graphiqlPage, renderGraphiqlPage } from './graphiql-page.ts';
import { createPricer } from './price-requests.ts';
import { noteRefusedWrites } from './refused-writes.ts';
import { createTimeLimit, untilAborted } from './time-limit.ts';
import type { TrustedDocuments } from './trusted-documents.ts';
import { useBodyLimit } from './use-body-limit.ts';
import { useCodedErrors } from './use-coded-errors.ts';
import { useCompression } from './use-compression.ts';
import { useCors } from './use-cors.ts';
import { useDeferredParts } from './use-deferred-parts.ts';
import { useEventStreams } from './use-event-streams.ts';
import { type ReadyCheck, useHealthChecks } from './use-health-checks.ts';
import { isForThisMachine, useLocalHosts } from './use-local-hosts.ts';
import { useNoIntrospection } from './use-no-introspection.ts';
import { useNoSimpleRequests } from './use-no-simple-requests.ts';
import { usePlainRefusals } from './use-plain-refusals.ts';
import { usePrivateResponses } from './use-private-responses.ts';
import { type QueryLimits, useQueryLimits } from './use-query-limits.ts';
import { useQueryPrice } from './use-query-price.ts';
import { type SpendQuotas, useQuotas } from './use-quotas.ts';
import { useReadableRequests } from './use-readable-requests.ts';
import { currentRequestId, useRequestId } from './use-request-id.ts';
import { type ObserveRequest, useRequestMetrics } from './use-request-metrics.ts';
import { useResponseType } from './use-response-type.ts';
import { type SearchPageOptions, useSearchPage } from './use-search-page.ts';

export interface GatewayOptions {
  /** What the resolvers of one request call; asked for once a request, whose reads then share flights. */
  readonly depsForRequest: (signal: AbortSignal, principal: Principal | undefined) => GraphQLDeps;
  readonly verifyToken: VerifyToken;
  readonly spendQuotas: SpendQuotas;
  readonly log: Logger;
  readonly isReady: ReadyCheck;
  readonly introspection: boolean;
  /** Whether it answers a federation router. */
  readonly federation: boolean;
  /** Absent: GraphiQL is off. */
  readonly graphiql: GraphiqlOptions | undefined;
  /** Absent: there is no search page. */
  readonly searchPage: SearchPageOptions | undefined;
  readonly maxBodyBytes: number;
  readonly queryLimits: QueryLimits;
  /** Absent: a request brings its text. */
  readonly trustedDocuments: TrustedDocuments | undefined;
  readonly requestTimeoutMs: number;
  /** Origins whose pages may read answers; none without it. */
  readonly corsOrigins?: readonly string[];
  /** Whether it answers requests to this machine's own names only, as one that hands out tokens must. */
  readonly localOnly?: boolean;
  /** Absent where nobody counts. */
  readonly observeRequest?: ObserveRequest | undefined;
}

export type Gateway = YogaServerInstance<Record<string, never>, RequestContext>;

/** The HTTP face: `/graphql`, `/health`, `/ready` and the search page at `/`. Every request is one principal's or nobody's. */
export function createGateway(options: GatewayOptions): Gateway {
  const { depsForRequest, verifyToken, graphiql, searchPage, corsOrigins = [], localOnly = false } = options;
  const maskError = createErrorMask(options);
  const priceOf = createPricer();
  const timeLimit = createTimeLimit(options.requestTimeoutMs);
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
    maxRequestBodySize: false,
    // The library's page comes before every plugin.
    graphiql: graphiql ? (request) => (!localOnly || isForThisMachine(request)) && graphiqlPage(graphiql) : false,
    renderGraphiQL: renderGraphiqlPage,
    context: async ({ request }) => {
      const signal = timeLimit.begin(request);
      const caller = await untilAborted(signal, authenticate(request, verifyToken, signal)).catch((error: unknown) => {
        timeLimit.end(request);
        throw error;
      });
      const principal = caller && { ...caller, requestId: currentRequestId() };
      const depsFor = (until: AbortSignal) => depsForRequest(until, principal);
      const refusedWrites: QuotaExceededError[] = [];
      const deps = noteRefusedWrites(depsFor(signal), refusedWrites);
      const authenticateAgain = () => authenticate(request, verifyToken);
      const loaders = createLoaders(deps, principal);
      return { deps, depsFor, principal, authenticateAgain, signal, loaders, refusedWrites };
    },
    maskedErrors: { maskError },
    plugins: [
      ...(options.observeRequest ? [useRequestMetrics(options.observeRequest)] : []),
      usePlainRefusals(),
      useRequestId(),
      ...(localOnly ? [useLocalHosts()] : []),
      useCors(corsOrigins),
      useHealthChecks(options.isReady, options.log),
      ...(searchPage ? [useSearchPage({ ...searchPage, graphiql: graphiql !== undefined })] : []),
      useNoSimpleRequests(),
      useReadableRequests(createDocumentFinder(options.trustedDocuments)),
      // Around the one before, which reads the whole body.
      useBodyLimit(options.maxBodyBytes),
      timeLimit.plugin,
      useDeferredParts(),
      useQueryLimits(options.queryLimits),
      useQueryPrice(options.queryLimits.cost, priceOf),
      useEventStreams(),
      useQuotas(options.spendQuotas, priceOf),
      ...(options.introspection ? [] : [useNoIntrospection()]),
      useCodedErrors(maskError),
      useResponseType(),
      usePrivateResponses(),
      useCompression(),
    ],
  });
}

/** A request without a token may ask what the schema is; one with a token that does not hold is refused outright. */
async function authenticate(request: Request, verifyToken: VerifyToken, signal?: AbortSignal) {
  const authorization = request.headers.get('authorization');
  return authorization === null ? undefined : verifyToken(readBearerToken(authorization), signal);
}
