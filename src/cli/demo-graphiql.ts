import { listDocuments } from '../documents/read-documents.ts';
import type { GraphQLDeps } from '../graphql/context.ts';
import { writeDocumentId } from '../graphql/global-ids.ts';
import type { GraphiqlTenant } from '../http/graphiql-page.ts';
import { demoPrincipal, demoTenants, readDemoExamples } from './demo-data.ts';
import { exampleTabs, namedDocuments, readExampleTabs } from './example-tabs.ts';

/**
 * What GraphiQL is opened with in development: the demo tenants, each with a token and the worked examples about its own
 * documents.
 * @param withVectors whether the model is the one that the example of a vector was made by.
 */
export async function demoGraphiqlTenants(
  deps: GraphQLDeps,
  tokens: ReadonlyMap<string, string>,
  withVectors: boolean,
): Promise<GraphiqlTenant[]> {
  const [questions, tabs] = await Promise.all([readDemoExamples(), readExampleTabs()]);
  const named = { externalId: { in: namedDocuments(tabs) } };
  return Promise.all(
    demoTenants.map(async (tenant) => {
      const { items } = await listDocuments(deps, demoPrincipal(tenant), { filter: named, first: 100 });
      const ids = new Map(items.map(({ document }) => [document.externalId ?? '', writeDocumentId(document.id)]));
      const question = questions.find((one) => one.tenant === tenant);
      return {
        name: tenant,
        headers: { authorization: `Bearer ${tokens.get(tenant) ?? ''}` },
        tabs: question ? exampleTabs(tabs, { tenant, question, ids, withVectors }) : [],
      };
    }),
  );
}
