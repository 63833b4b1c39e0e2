import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { demoTenants, loadDemoData } from '../../src/cli/demo-data.ts';
import { demoGraphiqlTenants } from '../../src/cli/demo-graphiql.ts';
import { schema } from '../../src/graphql/schema.ts';
import { printSubgraphSdl } from '../../src/graphql/subgraph-sdl.ts';
import type { GraphiqlTenant } from '../../src/http/graphiql-page.ts';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';

describe('the worked examples', () => {
  let gateway: TestGateway;
  let tenants: GraphiqlTenant[];
  beforeAll(async () => {
    gateway = await openTestGateway();
    await loadDemoData(gateway.deps, gateway.workerDeps);
    const tokens = await Promise.all(demoTenants.map(async (name) => [name, await gateway.tokenFor(name)] as const));
    tenants = await demoGraphiqlTenants(gateway.deps, new Map(tokens), true);
  });
  afterAll(() => gateway.close());

  const operationOf = (query: string) => /^(?:query|mutation|subscription) (\w+)/m.exec(query)?.[1] ?? '';

  test('are the same for every tenant, about its own documents', () => {
    const [first, ...others] = tenants.map(({ tabs }) => tabs.map(({ query }) => operationOf(query)));
    expect(first?.length).toBeGreaterThan(20);
    expect(new Set(first).size).toBe(first?.length);
    for (const other of others) expect(other).toEqual(first);
    const texts = tenants.map(({ tabs }) => JSON.stringify(tabs));
    expect(new Set(texts).size).toBe(tenants.length);
    for (const text of texts) expect(text).not.toMatch(/<id of|<question|<tenant>/);
  });

  test.each([0, 1, 2])('give something to see, and no error: tenant %i', async (index) => {
    const { name, headers, tabs } = tenants[index]!;
    for (const { query, variables = {} } of tabs) {
      // What it shows comes later: in test/e2e/graphiql.test.ts.
      if (/^subscription/m.test(query)) continue;
      const answer = await gateway.graphql(headers.authorization?.slice('Bearer '.length), query, variables, {
        accept: 'application/json',
      });
      expect(answer.errors, `${name}: ${query}`).toEqual([]);
      expect(answer.text, `${name}: ${query}`).not.toMatch(/"code":"|"edges":\[\]/);
    }
  });

  test('open every field of what a tenant can read and change', () => {
    const fields = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()].flatMap((type) =>
      Object.keys(type!.getFields()),
    );
    // Those of operators are no tenant's.
    const isOperators = (name: string) =>
      new RegExp(`\\b${name}\\b[^}]*?scopes: \\[\\["(\\S+)"`).exec(sdl)?.[1] === 'operator';
    const sdl = printSubgraphSdl(schema);
    const all = tenants[0]!.tabs.map(({ query }) => query).join('\n');
    const opened = fields.filter((name) => new RegExp(`\\b${name}\\b`).test(all));
    expect(opened.length).toBeGreaterThan(12);
    for (const name of fields) if (!opened.includes(name)) expect([name, isOperators(name)]).toEqual([name, true]);
  });

  test('leave out what they cannot show: another model, or a document that was deleted', async () => {
    const [{ tabs } = { tabs: [] }] = await demoGraphiqlTenants(gateway.deps, new Map(), false);
    const without = tabs.map(({ query }) => operationOf(query));
    expect(without).not.toContain('Vector');
    await gateway.db.owner.query("delete from documents where tenant_id = 'lindenhof' and external_id = 'wi-fi'");
    const last = (await demoGraphiqlTenants(gateway.deps, new Map(), true)).at(-1)!;
    expect(last.tabs.map(({ query }) => operationOf(query))).not.toContain('Recommend');
    expect(last.tabs.map(({ query }) => operationOf(query))).toContain('Ask');
  });
});
