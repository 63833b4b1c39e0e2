import type { ExecutionResult, GraphQLError } from 'graphql';
import { createGraphQLError, isAsyncIterable, type Plugin } from 'graphql-yoga';
import { type ErrorMask, placeOf } from './error-response.ts';

/** Errors of one answer at most: a request can have a fault in each of a million values. */
const mostErrors = 10;

/**
 * Gives every error its code and request id, those of validation included, and keeps their number small. A request
 * refused at one of its root fields is refused as a whole; where there is data, the HTTP status is 200, as the
 * GraphQL-over-HTTP specification demands.
 */
export function useCodedErrors(maskError: ErrorMask): Plugin {
  return {
    onExecutionResult: ({ result, setResult }) => {
      if (result === undefined || isAsyncIterable(result) || Array.isArray(result)) return;
      if (result.errors?.length) setResult(settle(result, result.errors, maskError));
    },
  };
}

function settle(result: ExecutionResult, found: readonly GraphQLError[], maskError: ErrorMask): ExecutionResult {
  const errors = found
    .slice(0, mostErrors)
    .map((error) => (error.extensions.requestId === undefined ? maskError(error) : error));
  const isRefused = errors.some(({ path, extensions }) => extensions.http && (path?.length ?? 0) <= 1);
  return result.data == null || isRefused ? { errors } : { ...result, errors: errors.map(withoutStatus) };
}

function withoutStatus(error: GraphQLError): GraphQLError {
  const { http: _, ...extensions } = error.extensions;
  return createGraphQLError(error.message, { ...placeOf(error), extensions });
}
