import { readChoice, readCount, readGatewayUrl, readTenant } from './argument-values.ts';
import { readArguments } from './arguments.ts';
import type { Command } from './command.ts';
import { openGatewayClient } from './gateway-client.ts';
import { type Failure, successOf } from './graphql-request.ts';
import { formatHits, type HitPage } from './search-hits.ts';

const usage =
  'tessera search TEXT --tenant ID [--mode MODE] [--collection NAME ...] [--first N] [--json] [--url URL] [--token TOKEN]';

export const search: Command = {
  name: 'search',
  help: `${usage}

Searches a tenant's documents and prints the hits, best first: rank, title,
score, collection, which half found it, and the best passage.

  TEXT                a question or some words; "a phrase", +required and
                      -excluded words filter
  --tenant ID         whose documents
  --mode MODE         hybrid (meaning and words), semantic (meaning) or keyword
                      (words); hybrid without it
  --collection NAME   only documents of this collection; may be given several
                      times
  --first N           hits, 1 to 100; 5 without it
  --json              print the answer as JSON
  --url URL           a running gateway, such as http://127.0.0.1:4000; without
                      it, the database of the settings
  --token TOKEN       for that gateway; without it, one is signed with the
                      secret of the settings`,
  async run(context, args) {
    const { values, positionals, refuse } = readArguments(
      usage,
      {
        tenant: { type: 'string' },
        mode: { type: 'string', default: 'hybrid' },
        collection: { type: 'string', multiple: true },
        first: { type: 'string', default: '5' },
        json: { type: 'boolean', default: false },
        url: { type: 'string' },
        token: { type: 'string' },
      },
      args,
    );
    const text = positionals.join(' ');
    if (text.trim() === '') throw refuse('The text to search for is missing.');
    const input = {
      text,
      mode: readChoice('--mode', values.mode, ['HYBRID', 'SEMANTIC', 'KEYWORD'], refuse),
      ...(values.collection && { collections: values.collection }),
    };
    const first = readCount('--first', values.first, [1, 100], refuse);
    const needsTenant = values.token === undefined || values.tenant !== undefined;
    const client = await openGatewayClient(context, {
      url: values.url === undefined ? undefined : readGatewayUrl(values.url, refuse),
      token: values.token,
      tenantId: needsTenant ? readTenant(values.tenant, refuse) : undefined,
    });
    try {
      const { search: outcome } = await client.request<{ search: HitPage | Failure }>(query, { input, first });
      const page = successOf(outcome);
      if (values.json) context.print(JSON.stringify(page, null, 2));
      else context.print(formatHits(page, { asked: input.mode, stream: context.stdout }));
    } finally {
      await client.close();
    }
  },
};

const query = `query Search($input: SearchInput!, $first: Int) {
  search(input: $input, first: $first) {
    ... on SearchConnection {
      mode
      edges {
        score
        scores { vector keyword }
        chunk { text context }
        node { id externalId title collection url metadata }
      }
      pageInfo { hasNextPage endCursor }
    }
    ... on Error { code message }
  }
}`;
