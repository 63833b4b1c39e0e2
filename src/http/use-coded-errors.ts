import { AsyncLocalStorage } from 'node:async_hooks';
import type { ExecutionResult, GraphQLError } from 'graphql';
import { createGraphQLError, isAsyncIterable, mapAsyncIterator, type Plugin } from 'graphql-yoga';
import { type ErrorMask, placeOf } from './error-response.ts';

/** Errors of one answer, or of one part of it, at most: a request can have a fault in each of a million values. */
const mostErrors = 10;

/** A part of an answer that comes in parts: of the first the data, of those behind it what is to be put into them. */
interface AnswerPart extends ExecutionResult {
  readonly incremental?: readonly { readonly errors?: readonly GraphQLError[] }[];
}

/**
 * Gives every error its code and request id, those of validation and of deferred parts included, and keeps their number
 * small. A request refused at one of its root fields is refused as a whole; where there is data, the HTTP status is 200, as
 * the GraphQL-over-HTTP specification demands.
 */
export function useCodedErrors(maskError: ErrorMask): Plugin {
  return {
    onExecutionResult: ({ result, setResult }) => {
      if (result === undefined || Array.isArray(result)) return;
      if (isAsyncIterable(result)) {
        // Parts are read when the client takes them, which is outside of the request by whose id errors go.
        const settlePart = AsyncLocalStorage.bind((part: AnswerPart) => settleParts(part, maskError));
        setResult(mapAsyncIterator(result as AsyncIterable<AnswerPart>, settlePart) as typeof result);
      } else if (result.errors?.length) {
        setResult(settle(result, result.errors, maskError));
      }
    },
  };
}

function settle(result: ExecutionResult, found: readonly GraphQLError[], maskError: ErrorMask): ExecutionResult {
  const errors = code(found, maskError);
  const isRefused = errors.some(({ path, extensions }) => extensions.http && (path?.length ?? 0) <= 1);
  return result.data == null || isRefused ? { errors } : { ...result, errors: errors.map(withoutStatus) };
}

/** A refusal of one part is no refusal of the others: they are on their way. */
function settleParts({ incremental, errors, ...part }: AnswerPart, maskError: ErrorMask): AnswerPart {
  const settleErrors = (found: readonly GraphQLError[]) => code(found, maskError).map(withoutStatus);
  return {
    ...part,
    ...(errors?.length && { errors: settleErrors(errors) }),
    ...(incremental && {
      incremental: incremental.map((each) =>
        each.errors?.length ? { ...each, errors: settleErrors(each.errors) } : each,
      ),
    }),
  };
}

function code(found: readonly GraphQLError[], maskError: ErrorMask): GraphQLError[] {
  return found
    .slice(0, mostErrors)
    .map((error) => (error.extensions.requestId === undefined ? maskError(error) : error));
}

function withoutStatus(error: GraphQLError): GraphQLError {
  const { http: _, ...extensions } = error.extensions;
  return createGraphQLError(error.message, { ...placeOf(error), extensions });
}
