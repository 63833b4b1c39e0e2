import { isAsyncIterable, type Plugin } from 'graphql-yoga';

/**
 * A client that leaves the type open gets `application/json`, which every client reads and the specification advises,
 * with the HTTP status of `application/graphql-response+json`: only that tells of a fault in the request (GraphQL over
 * HTTP, section 6.4). A client that asks for `application/json` gets its rules too: 200 for whatever is well formed.
 */
export function useResponseType(): Plugin {
  return {
    onResultProcess: ({ request, result, resultProcessor, setResultProcessor }) => {
      // Its parts have types of their own.
      if (isAsyncIterable(result)) return;
      const accepted = request.headers.get('accept') ?? '*/*';
      const isOpen = /\*\/\*|application\/\*/.test(accepted) && !accepted.includes('application/json');
      if (!resultProcessor || !isOpen || accepted.includes('application/graphql-response+json')) return;
      setResultProcessor(async (result, fetchAPI) => {
        const response = await resultProcessor(result, fetchAPI, 'application/graphql-response+json');
        response.headers.set('content-type', 'application/json; charset=utf-8');
        return response;
      }, 'application/json');
    },
  };
}
