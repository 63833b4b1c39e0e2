import { Readable } from 'node:stream';
import { describe, test } from 'vitest';
import { searchQuery } from '../support/operations.ts';
import { type BadRequest, badInput, badRequest, isRefused, useUntouchedGateway } from '../support/untouched-gateway.ts';

const maxBodyBytes = 2_000_000;
const at = useUntouchedGateway({ maxBodyBytes });

const unparsed = { status: 400, code: 'GRAPHQL_PARSE_FAILED' } as const;
const invalid = { status: 400, code: 'GRAPHQL_VALIDATION_FAILED' } as const;

const requests: BadRequest[] = [
  {
    name: 'JSON that ends early',
    ...badRequest,
    says: /not JSON: Unterminated string .* position 12/,
    send: (to) => to.post('{"query": "{'),
  },
  { name: 'no body', ...badRequest, says: /not JSON: Unexpected end/, send: (to) => to.post('') },
  { name: 'a list of requests', ...badRequest, says: /a list of 2; one request/, send: (to) => to.post('[{}, {}]') },
  { name: 'a number as the body', ...badRequest, says: /object but received number/, send: (to) => to.post('1') },
  { name: 'null as the body', ...badRequest, says: /object but received null/, send: (to) => to.post('null') },
  { name: 'a body without a query', ...badRequest, says: /has no query/, send: (to) => to.post('{}') },
  { name: 'a number as the query', ...badRequest, says: /given number/, send: (to) => to.post('{"query": 1}') },
  {
    name: 'variables that are no object',
    ...badRequest,
    says: /variables.* given string/,
    send: (to) => to.post('{"query": "{ __typename }", "variables": "x"}'),
  },
  {
    name: 'variables in a URL that are not JSON',
    ...badRequest,
    says: /parameter of the request is not JSON/,
    send: (to) => to.gateway.send('/graphql?query={__typename}&variables=%7B', {}),
  },
  {
    name: 'a field of the body that means nothing',
    ...badRequest,
    says: /Unexpected parameter "quarry"/,
    send: (to) => to.post('{"query": "{ __typename }", "quarry": 1}'),
  },
  {
    name: 'a mutation in a URL',
    status: 405,
    code: 'BAD_REQUEST',
    says: /mutation .* POST/,
    send: (to) => to.gateway.send('/graphql?query=mutation{deleteDocuments(ids:[]){deletedIds}}', {}),
  },
  {
    name: 'another method',
    status: 405,
    code: 'BAD_REQUEST',
    says: /only supports GET and POST/,
    send: (to) => to.gateway.send('/graphql', { method: 'DELETE' }),
  },
  {
    name: 'a body of another type',
    status: 415,
    code: 'UNSUPPORTED_MEDIA_TYPE',
    says: /send application\/json/,
    send: (to) => to.post('{ __typename }', { 'content-type': 'text/plain' }),
  },
  {
    name: 'a type of answer that there is not',
    status: 406,
    code: 'NOT_ACCEPTABLE',
    says: /Accept header .* application\/json/,
    send: (to) => to.post('{"query": "{ __typename }"}', { accept: 'image/png' }),
  },
  {
    name: 'a body above the limit, announced',
    status: 413,
    code: 'PAYLOAD_TOO_LARGE',
    says: /at most 2000000 bytes/,
    send: (to) => to.search({ text: 'x'.repeat(maxBodyBytes) }),
  },
  {
    name: 'a body above the limit, in pieces of unknown number',
    status: 413,
    code: 'PAYLOAD_TOO_LARGE',
    says: /at most 2000000 bytes/,
    send: (to) => {
      const pieces = Array(40).fill(new TextEncoder().encode(' '.repeat(100_000)));
      const init = {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${to.owner.token}` },
        body: Readable.toWeb(Readable.from(pieces)),
        duplex: 'half',
      };
      return to.gateway.send('/graphql', init as RequestInit);
    },
  },
];

const graphql: BadRequest[] = [
  {
    name: 'a GraphQL text that ends early',
    ...unparsed,
    says: /Expected Name, found <EOF>/,
    send: (to) => to.send('{ search('),
  },
  {
    name: 'text that is no GraphQL',
    ...unparsed,
    says: /Unexpected Name "select"/,
    send: (to) => to.send('select * from documents'),
  },
  {
    name: 'more tokens than are read',
    ...unparsed,
    says: /more that 10000 tokens/,
    send: (to) => to.send(`{ ${'viewer { tenantId } '.repeat(3_000)} }`),
  },
  {
    name: 'a text nested without end',
    ...badInput,
    says: /nested too deeply/,
    send: (to) => to.send('{a'.repeat(200_000)),
  },
  {
    name: 'a value nested without end',
    ...badInput,
    says: /nested too deeply/,
    send: (to) =>
      to.post(
        `{"query": ${JSON.stringify(searchQuery)}, "variables": {"input": {"text": "x", "filter": ${'{"not":'.repeat(20_000)}{}${'}'.repeat(20_000)}}}}`,
      ),
  },
  {
    name: 'an unknown field',
    ...invalid,
    says: /Cannot query field "vewer" .* "viewer"/,
    send: (to) => to.send('{ vewer { tenantId } }'),
  },
  {
    name: 'a thousand unknown fields',
    ...invalid,
    says: /Cannot query field "f0"/,
    send: (to) => to.send(`{ ${Array.from({ length: 1_000 }, (_, i) => `f${i}`).join(' ')} }`),
  },
  {
    name: 'an unknown argument',
    ...invalid,
    says: /Unknown argument "limit"/,
    send: (to) => to.send('{ documents(limit: 3) { edges { cursor } } }'),
  },
  {
    name: 'a missing selection',
    ...invalid,
    says: /"viewer" .* must have a selection/,
    send: (to) => to.send('{ viewer }'),
  },
  {
    name: 'two operations and no name',
    status: 400,
    code: 'OPERATION_RESOLUTION_FAILURE',
    says: /what operation/,
    send: (to) => to.send('query A { __typename } query B { __typename }'),
  },
  {
    name: 'a missing variable',
    ...badInput,
    says: /"\$input" of required type "SearchInput!" was not provided/,
    send: (to) => to.send(searchQuery),
  },
  {
    name: 'an unknown input field',
    ...badInput,
    says: /"limit" is not defined by type "SearchInput"/,
    send: (to) => to.search({ text: 'x', limit: 3 }),
  },
  {
    name: 'an unknown mode',
    ...badInput,
    says: /"FUZZY" does not exist in "SearchMode"/,
    send: (to) => to.search({ text: 'x', mode: 'FUZZY' }),
  },
  {
    name: 'a megabyte in the place of a number',
    ...badInput,
    says: /Variable "\$first" got invalid value/,
    send: (to) => to.search({ text: 'x' }, { first: 'x'.repeat(1_000_000) }),
  },
];

describe('a request that cannot be read', () => {
  test.each(requests)('is $code with status $status: $name', isRefused(at));
});

describe('a GraphQL text that cannot be executed', () => {
  test.each(graphql)('is $code with status $status: $name', isRefused(at));
});
