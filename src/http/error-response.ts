import { GraphQLError, type GraphQLErrorOptions } from 'graphql';
import { createGraphQLError } from 'graphql-yoga';
import { Refusal } from '../errors.ts';
import type { Logger } from '../log.ts';
import { RateLimited } from '../quota.ts';
import { describeQuota } from './use-quotas.ts';
import { currentRequestId } from './use-request-id.ts';

export interface ErrorMaskOptions {
  readonly log: Logger;
  readonly requestTimeoutMs: number;
}

/** Decides what a client is told of an error. */
export type ErrorMask = (error: unknown) => GraphQLError;

/** Longest message of a fault in the GraphQL request: the library quotes what it received, however long. */
const longestMessage = 500;

/**
 * Makes the function that decides what a client is told of an error, with the request id in every one: a refusal's code,
 * sentence and HTTP status; a mistake in the GraphQL request as the library words it; and of anything else only that it
 * happened, while the log gets the rest.
 */
export function createErrorMask(options: ErrorMaskOptions): ErrorMask {
  const { log } = options;
  return function maskError(error) {
    const requestId = currentRequestId();
    const root = findRoot(error);
    const found = asRefusal(root, options) ?? root;
    const place = error instanceof GraphQLError ? placeOf(error) : {};
    if (found instanceof Refusal) {
      if (found.httpStatus >= 500) log.warn({ err: found, requestId }, 'a request was refused');
      const quota = found instanceof RateLimited && { quota: describeQuota(found.quota) };
      const extensions = { code: found.code, requestId, ...quota, http: httpOf(found) };
      return createGraphQLError(found.message, { ...place, extensions });
    }
    if (found instanceof GraphQLError) {
      // The outermost says most: of a wrong variable it names the variable and the value.
      const { message, path, extensions } = error as GraphQLError;
      const { code, http } = extensions.code
        ? extensions
        : { code: 'BAD_USER_INPUT', http: { status: 400, spec: path === undefined } };
      return createGraphQLError(shorten(message), { ...place, extensions: { code, http, requestId } });
    }
    log[isCancellation(found) ? 'debug' : 'error']({ err: found, requestId }, 'a request failed unexpectedly');
    return createGraphQLError('Something went wrong in the gateway; its log has the reason under this request id.', {
      ...place,
      extensions: { code: 'INTERNAL_SERVER_ERROR', requestId, http: { status: 500 } },
    });
  };
}

/** RFC 9110, section 15.5.2: an answer with status 401 says how to authenticate. RFC 6585: one with 429 may say how long to wait. */
function httpOf(refusal: Refusal) {
  const { code, httpStatus: status } = refusal;
  if (refusal instanceof RateLimited) return { status, headers: { 'retry-after': String(refusal.retryAfterSeconds) } };
  if (code === 'TOO_MANY_UNKNOWN_KEYS') return { status, headers: { 'retry-after': '1' } };
  return status === 401 ? { status, headers: { 'www-authenticate': 'Bearer' } } : { status };
}

/** Where in the request it went wrong, for the fields of a GraphQL error that say so. */
export function placeOf(error: GraphQLError): GraphQLErrorOptions {
  const { nodes, source, positions, path } = error;
  return { ...(nodes && { nodes }), ...(source && { source }), ...(positions && { positions }), ...(path && { path }) };
}

/** What was thrown in the first place: GraphQL wraps it once or more on its way out of the resolvers. */
function findRoot(error: unknown): unknown {
  let root = error;
  while (root instanceof GraphQLError && root.originalError) root = root.originalError;
  return root;
}

/** Limits that the platform or a library keeps, and words without naming them. */
function asRefusal(error: unknown, { requestTimeoutMs }: ErrorMaskOptions): Refusal | undefined {
  const cause = { cause: error };
  if (error instanceof DOMException && error.name === 'TimeoutError') {
    const message = `The request took longer than the ${requestTimeoutMs} ms that are allowed, and was given up.`;
    return new Refusal('REQUEST_TIMEOUT', message, cause);
  }
  // Documents and values are read recursively, by the library and by the engine.
  if (error instanceof RangeError && error.message === 'Maximum call stack size exceeded') {
    return new Refusal('BAD_USER_INPUT', 'The request is nested too deeply to be read.', cause);
  }
  return undefined;
}

/** True when the client went away: nobody reads the answer, and nothing is wrong. */
function isCancellation(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError';
}

function shorten(message: string): string {
  return message.length > longestMessage ? `${message.slice(0, longestMessage).toWellFormed()} ...` : message;
}
