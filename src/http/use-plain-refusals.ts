import type { Plugin } from 'graphql-yoga';
import type { RefusalCode, RequestFaultCode } from '../errors.ts';
import { currentRequestId } from './use-request-id.ts';

/** What the library answers with a bare status. */
const plainRefusals: Readonly<
  Record<number, { readonly code: RefusalCode | RequestFaultCode; readonly message: string }>
> = {
  404: { code: 'NOT_FOUND', message: 'There is nothing at this path; GraphQL is at /graphql.' },
  405: {
    code: 'BAD_REQUEST',
    message: 'This path can only be read: the methods GET and HEAD are allowed.',
  },
  406: {
    code: 'NOT_ACCEPTABLE',
    message:
      'The answer cannot be given in the form that the Accept header asks for: application/graphql-response+json and application/json are possible.',
  },
  421: {
    code: 'BAD_REQUEST',
    message:
      'The Host header names another machine. In embedded development mode only localhost, 127.0.0.0/8 and ::1 are answered.',
  },
  415: {
    code: 'UNSUPPORTED_MEDIA_TYPE',
    message: 'The request body is of a kind that is not read here: send application/json.',
  },
};

/** Gives a code and a sentence to requests that are refused before there is any GraphQL in them. */
export function usePlainRefusals(): Plugin {
  return {
    onResponse: ({ response, setResponse, fetchAPI }) => {
      const refusal = plainRefusals[response.status];
      if (!refusal || response.headers.has('content-type')) return;
      const { code, message } = refusal;
      const body = { errors: [{ message, extensions: { code, requestId: currentRequestId() } }] };
      setResponse(fetchAPI.Response.json(body, { status: response.status, headers: response.headers }));
    },
  };
}
