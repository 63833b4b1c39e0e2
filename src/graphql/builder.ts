import SchemaBuilder from '@pothos/core';
import ErrorsPlugin from '@pothos/plugin-errors';
import RelayPlugin from '@pothos/plugin-relay';
import ScopeAuthPlugin from '@pothos/plugin-scope-auth';
import { DateTimeISOResolver, JSONObjectResolver } from 'graphql-scalars';
import type { TokenScope } from '../auth/scopes.ts';
import { Refusal } from '../errors.ts';
import { type RequestContext, requirePrincipal } from './context.ts';
import { readGlobalId } from './global-ids.ts';

/** A reference to an entity as a federation router sends it. */
export interface EntityReference {
  readonly __typename: 'Document' | 'RelatedDocuments';
  readonly [field: string]: unknown;
}

/** The schema's types are Pothos definitions; `schema.ts` gathers them. Plugins run in this order. */
export const builder = new SchemaBuilder<{
  Context: RequestContext;
  AuthScopes: { token: TokenScope };
  DefaultFieldNullability: false;
  Scalars: {
    DateTime: { Input: Date; Output: Date };
    _Any: { Input: EntityReference; Output: never };
    JSONObject: { Input: Record<string, unknown>; Output: Record<string, unknown> };
  };
}>({
  plugins: [ErrorsPlugin, ScopeAuthPlugin, RelayPlugin],
  defaultFieldNullability: false,
  errors: { directResult: true, defaultTypes: [] },
  scopeAuth: {
    authorizeOnSubscribe: true,
    authScopes: (context) => ({
      token: (scope) => {
        const principal = requirePrincipal(context.principal);
        if (principal.scopes.includes(scope)) return true;
        throw new Refusal(
          'FORBIDDEN',
          `This needs a token with the scope "${scope}"; yours has ${principal.scopes.length ? principal.scopes.map((one) => `"${one}"`).join(', ') : 'none'}.`,
        );
      },
    }),
  },
  relay: {
    cursorType: 'String',
    decodeGlobalID: readGlobalId,
    nodeTypeOptions: { description: 'Anything with a global id, to be fetched again by `node`.' },
    nodeQueryOptions: {
      description: 'Fetches anything by its global id. Null where it does not exist for this tenant.',
      authScopes: { token: 'documents:read' },
      args: { id: { description: 'As a field `id` gave it.' } },
    },
    nodesQueryOptions: false,
    edgesFieldOptions: { description: 'The items of this page, each with its place.' },
    pageInfoFieldOptions: { description: 'Where this page lies.' },
    cursorFieldOptions: { description: 'To be passed as `after` for the items behind this one.' },
    nodeFieldOptions: { description: 'The item itself.' },
    pageInfoTypeOptions: { description: 'Where a page lies in its list.' },
    hasNextPageFieldOptions: { description: 'True when `after: endCursor` gives another page.' },
    hasPreviousPageFieldOptions: { description: 'Always false: lists are read forwards.' },
    startCursorFieldOptions: { description: 'Cursor of the first edge; null on an empty page.' },
    endCursorFieldOptions: { description: 'Cursor of the last edge, to be passed as `after`; null on an empty page.' },
    idFieldOptions: { description: 'Opaque and global: fetch it again with `node`.' },
  },
});

builder.addScalarType('DateTime', DateTimeISOResolver, {
  description: 'A moment in UTC, in ISO 8601: `2026-01-31T12:00:00.000Z`.',
});
builder.addScalarType('JSONObject', JSONObjectResolver, { description: 'A JSON object.' });

builder.queryType({
  description: 'What can be read. Everything is seen as the tenant that the token names, and as nobody else.',
});
builder.mutationType({
  description: 'What can be changed. Each mutation is one transaction: all of it happens or nothing.',
});
builder.subscriptionType({
  description:
    'What is told as it happens, as server-sent events. A subscription ends with the token that began it, and has no time limit.',
});
