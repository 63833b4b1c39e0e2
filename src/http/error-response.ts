import { GraphQLError, type GraphQLErrorOptions } from 'graphql';
import { createGraphQLError } from 'graphql-yoga';
import { Refusal } from '../errors.ts';
import type { Logger } from '../log.ts';
import { currentRequestId } from './use-request-id.ts';

export interface ErrorMaskOptions {
  readonly log: Logger;
  readonly maxBodyBytes: number;
}

/**
 * Makes the function that decides what a client is told of an error, with the request id in every one: a refusal's code,
 * sentence and HTTP status; a mistake in the GraphQL request as the library words it; and of anything else only that it
 * happened, while the log gets the rest.
 */
export function createErrorMask({ log, maxBodyBytes }: ErrorMaskOptions) {
  return function maskError(error: unknown): GraphQLError {
    const requestId = currentRequestId();
    const found = translateLimit(findRoot(error), maxBodyBytes);
    const place = error instanceof GraphQLError ? placeOf(error) : {};
    if (found instanceof Refusal) {
      const extensions = { code: found.code, requestId, http: { status: found.httpStatus } };
      return createGraphQLError(found.message, { ...place, extensions });
    }
    if (found instanceof GraphQLError) {
      return createGraphQLError(found.message, {
        ...place,
        extensions: { code: 'BAD_USER_INPUT', ...found.extensions, requestId },
      });
    }
    log.error({ err: found, requestId }, 'a request failed unexpectedly');
    return createGraphQLError('Something went wrong in the gateway; its log has the reason under this request id.', {
      ...place,
      extensions: { code: 'INTERNAL_SERVER_ERROR', requestId, http: { status: 500 } },
    });
  };
}

/** Where in the request it went wrong, for the fields of a GraphQL error that say so. */
function placeOf(error: GraphQLError): GraphQLErrorOptions {
  const { nodes, source, positions, path } = error;
  return { ...(nodes && { nodes }), ...(source && { source }), ...(positions && { positions }), ...(path && { path }) };
}

/** What was thrown in the first place: GraphQL wraps it once or more on its way out of the resolvers. */
function findRoot(error: unknown): unknown {
  let root = error;
  while (root instanceof GraphQLError && root.originalError) root = root.originalError;
  return root;
}

/** The library words its body limit without naming it. */
function translateLimit(error: unknown, maxBodyBytes: number): unknown {
  if (!(error instanceof GraphQLError) || error.extensions['code'] !== 'REQUEST_ENTITY_TOO_LARGE') return error;
  return new Refusal('PAYLOAD_TOO_LARGE', `The request body is too large: at most ${maxBodyBytes} bytes are allowed.`);
}
