import { GraphQLError } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { Refusal } from '../errors.ts';
import { checkJson } from './check-json.ts';
import type { FindDocument } from './find-document.ts';

/** Says in a sentence why a request cannot be read, before there is any GraphQL in it. */
export function useReadableRequests(findDocument: FindDocument): Plugin {
  return {
    onRequestParse: ({ requestParser, setRequestParser, fetchAPI }) => {
      if (!requestParser) return;
      setRequestParser(async (request) => {
        const given = await readParams(requestParser, request);
        if (Array.isArray(given)) {
          throw refuse(`The request body is a list of ${given.length}; one request at a time is allowed.`);
        }
        if (given instanceof fetchAPI.Response) return given;
        const params = findDocument(given, request);
        if (params.query == null || params.query === '') {
          throw refuse(
            'The request has no query. Send a JSON object such as {"query": "{ viewer { tenantId } }"} with the content type application/json.',
          );
        }
        return params;
      });
    },
  };
}

/** A parser may throw at once or later. */
async function readParams<Result>(parse: (request: Request) => Result, request: Request): Promise<Awaited<Result>> {
  try {
    return await parse(isJson(request) ? await readJson(request) : request);
  } catch (error) {
    throw explain(error);
  }
}

function isJson({ method, headers }: Request): boolean {
  return method === 'POST' && /^application\/(?:graphql\+)?json\b/.test(headers.get('content-type') ?? '');
}

/** A request whose text was looked at, as far as the library's parser needs one. */
async function readJson(request: Request): Promise<Request> {
  const text = await request.text();
  checkJson(text);
  return { json: async () => JSON.parse(text) } as Request;
}

function explain(error: unknown): unknown {
  // The parameters `variables` and `extensions` of a URL are read with nothing around.
  if (error instanceof SyntaxError) return refuse(`A parameter of the request is not JSON: ${error.message}.`, error);
  if (!(error instanceof GraphQLError)) return error;
  const original = error.extensions.originalError as { message?: unknown } | undefined;
  if (typeof original?.message !== 'string') return error;
  return refuse(`The request body is not JSON: ${original.message.slice(0, 200)}.`, error);
}

function refuse(message: string, cause?: unknown): Refusal {
  return new Refusal('BAD_REQUEST', message, cause === undefined ? undefined : { cause });
}
