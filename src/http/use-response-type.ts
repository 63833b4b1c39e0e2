import type { Plugin } from 'graphql-yoga';

const preferred = 'application/graphql-response+json';

/**
 * Answers in `application/graphql-response+json` unless the client asks for `application/json`: only the former lets the
 * HTTP status tell of a fault in the request (GraphQL over HTTP, section 6.4).
 */
export function useResponseType(): Plugin {
  return {
    onResultProcess: ({ request, resultProcessor, setResultProcessor }) => {
      const accepted = request.headers.get('accept') ?? '*/*';
      const isOpen = /\*\/\*|application\/\*/.test(accepted) && !accepted.includes('application/json');
      if (resultProcessor && isOpen) setResultProcessor(resultProcessor, preferred);
    },
  };
}
