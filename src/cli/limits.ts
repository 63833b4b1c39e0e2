import { largestLimit } from '../quota.ts';
import { readGatewayUrl, readTenant } from './argument-values.ts';
import { type Refuse, readArguments } from './arguments.ts';
import type { Command } from './command.ts';
import { openGatewayClient } from './gateway-client.ts';

const usage = 'tessera limits TENANT [--key ID] [--requests-per-minute N ...] [--url URL] [--token TOKEN]';

export const limits: Command = {
  name: 'limits',
  help: `${usage}

Shows what a tenant or one of its API keys is held to, and changes it. A limit
is a whole number, 0 for nothing at all, or "default" for the configured one.
Every gateway holds to it within 5 seconds.

  TENANT                          whose limits; it need not exist yet
  --key ID                        of one of its API keys, by the field "id"
  --requests-per-minute N         requests
  --cost-points-per-minute N      points, as extensions.cost tells them
  --embedding-tokens-per-day N    tokens of queries and written documents
  --documents N                   documents stored; not for a key
  --chunks N                      passages stored; not for a key
  --url URL      a running gateway; without it, the database of the settings
  --token TOKEN  a token with the scope operator; without it, one is signed`,
  async run(context, args) {
    const limit = { type: 'string' } as const;
    const { values, positionals, refuse } = readArguments(
      usage,
      {
        key: { type: 'string' },
        'requests-per-minute': limit,
        'cost-points-per-minute': limit,
        'embedding-tokens-per-day': limit,
        documents: limit,
        chunks: limit,
        url: { type: 'string' },
        token: { type: 'string' },
      },
      args,
    );
    const [tenant, extra] = positionals;
    if (tenant === undefined) throw refuse('The tenant is missing.');
    if (extra !== undefined) throw refuse(`"${extra}" is not expected here; one tenant is allowed.`);
    const tenantId = readTenant(tenant, refuse);
    const change = Object.fromEntries(
      options.flatMap(({ option, field }) => {
        const text = values[option];
        return text === undefined ? [] : [[field, readLimit(`--${option}`, text, refuse)]];
      }),
    );
    const client = await openGatewayClient(context, {
      url: values.url === undefined ? undefined : readGatewayUrl(values.url, refuse),
      token: values.token,
      tenantId: values.token === undefined ? tenantId : undefined,
      scopes: ['operator'],
    });
    try {
      const whose = { tenantId, ...(values.key !== undefined && { apiKeyId: values.key }) };
      const shown =
        Object.keys(change).length > 0
          ? await client.request<{ limits: Shown }>(mutation, { input: { ...whose, ...change } })
          : await client.request<{ limits: Shown }>(query, whose);
      for (const line of describe(shown.limits)) context.print(line);
    } finally {
      await client.close();
    }
  },
};

const options = [
  { option: 'requests-per-minute', field: 'requestsPerMinute', kind: 'REQUESTS_PER_MINUTE' },
  { option: 'cost-points-per-minute', field: 'costPointsPerMinute', kind: 'COST_POINTS_PER_MINUTE' },
  { option: 'embedding-tokens-per-day', field: 'embeddingTokensPerDay', kind: 'EMBEDDING_TOKENS_PER_DAY' },
  { option: 'documents', field: 'documents', kind: 'DOCUMENTS' },
  { option: 'chunks', field: 'chunks', kind: 'CHUNKS' },
] as const;

type Field = (typeof options)[number]['field'];
type Shown = { readonly [Name in Field]: number | null } & { readonly overrides: readonly string[] };

const fields = `${options.map(({ field }) => field).join(' ')} overrides`;
const query = `query Limits($tenantId: String!, $apiKeyId: ID) {
  limits: tenantLimits(tenantId: $tenantId, apiKeyId: $apiKeyId) { ${fields} }
}`;
const mutation = `mutation SetLimits($input: SetTenantLimitsInput!) { limits: setTenantLimits(input: $input) { ${fields} } }`;

/** Null brings the configured limit back. */
function readLimit(option: string, text: string, refuse: Refuse): number | null {
  if (text === 'default') return null;
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (value <= largestLimit) return value;
  throw refuse(`${option} received "${text}"; a whole number from 0 to ${largestLimit}, or "default", is allowed.`);
}

function describe(shown: Shown): string[] {
  return options.map(({ option, field, kind }) => {
    const limit = shown[field] === null ? 'not limited' : String(shown[field]);
    return `${option.padEnd(26)}${limit}${shown.overrides.includes(kind) ? '' : ' (default)'}`;
  });
}
