import { type ExecutionResult, graphql, parse, subscribe } from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type TokenScope, tokenScopes } from '../../src/auth/scopes.ts';
import { sqlstateOf } from '../../src/db/sqlstate.ts';
import { builder } from '../../src/graphql/builder.ts';
import { createLoaders, type RequestContext } from '../../src/graphql/context.ts';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';
import { principalOf } from '../support/principal.ts';
import { innerFields, rootFields } from '../support/scoped-fields.ts';
import '../../src/graphql/schema.ts';
import '../../src/graphql/entities.ts';

/** The gateway's own types and resolvers, and nothing that looks at a token's scopes. */
const unchecked = builder.toSchema({ disableScopeAuth: true });

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await openTestGateway();
  const mine = { acl: { users: ['somebody'], groups: [] }, collection: 'help' };
  await gateway.upsert('alpha', [
    { ...mine, externalId: 'boiler', title: 'No hot water', body: 'The boiler is off. Press the button.' },
    { ...mine, externalId: 'bus', title: 'The bus', body: 'It leaves at the front door every hour.' },
  ]);
  await gateway.embedAll();
});
afterAll(() => gateway.close());

/** Answers a request as the gateway would if its schema forgot to ask for scopes. */
async function askUnchecked(scopes: readonly TokenScope[], query: string): Promise<ExecutionResult> {
  const { deps } = gateway;
  const principal = principalOf('alpha', { scopes });
  const signal = new AbortController();
  const contextValue: RequestContext = {
    ...{ deps, principal, signal: signal.signal, loaders: createLoaders(deps, principal) },
    depsFor: () => deps,
    authenticateAgain: async () => principal,
    refusedWrites: [],
  };
  if (!query.startsWith('subscription')) return graphql({ schema: unchecked, source: query, contextValue });
  const stream = await subscribe({ schema: unchecked, document: parse(query), contextValue });
  if (!(Symbol.asyncIterator in stream)) return stream;
  await stream.return?.(undefined);
  return {};
}

/** The SQLSTATE of each failure, or what failed where it was not PostgreSQL that refused. */
function failures({ errors = [] }: ExecutionResult): unknown[] {
  return errors.map(({ originalError, message }) => sqlstateOf(originalError) ?? message);
}

/** By their ids, a writer is told of them: they are what a write answers with. */
const toldToWriters = ['Query.document', 'Query.node', 'Query.job', 'Subscription.jobProgress'];

describe('without the schema’s check, PostgreSQL refuses', () => {
  test.each(rootFields)('%s to a token without %s', async (field, scope, request) => {
    const others = tokenScopes.filter((one) => one !== scope);
    for (const held of [[], ...others.map((one) => [one]), others]) {
      if (toldToWriters.includes(field) && held.includes('documents:write')) continue;
      // A key with a scope that its maker lacks is refused before the database is asked.
      const asked = request.replace('scopes: ["tenant:admin"]', `scopes: ["${held[0]}"]`);
      if (asked !== request && (held.length === 0 || held[0] === 'operator')) continue;
      expect(failures(await askUnchecked(held, asked)), held.join()).toContain('42501');
    }
    expect(failures(await askUnchecked([scope], request))).toEqual([]);
  });

  test.each(innerFields)(
    '%s to a token without %s, with the field that leads to it',
    async (_, scope, through, request, seen) => {
      for (const held of [[through], tokenScopes.filter((one) => one !== scope)]) {
        const answer = await askUnchecked(held, request);
        expect(failures(answer), held.join()).toContain('42501');
        expect(JSON.stringify(answer.data)).not.toMatch(seen);
      }
      const permitted = await askUnchecked([through, scope], request);
      expect(failures(permitted)).toEqual([]);
      expect(JSON.stringify(permitted.data)).toMatch(seen);
    },
  );
});
