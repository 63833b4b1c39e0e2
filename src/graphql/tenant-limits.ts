import { encodeGlobalID } from '@pothos/plugin-relay';
import { Refusal } from '../errors.ts';
import { type ApiKeyId, isApiKeyId } from '../ids.ts';
import { type QuotaKind, quotaKinds } from '../quota.ts';
import { readTenantLimits, setTenantLimits, type TenantLimits as TenantLimitsShape } from '../quotas/tenant-limits.ts';
import { builder } from './builder.ts';
import { requirePrincipal } from './context.ts';
import { readApiKeyGlobalId } from './global-ids.ts';
import { priced } from './price.ts';
import { tagged } from './tags.ts';

const kinds: Readonly<Record<QuotaKind, { readonly name: string; readonly description: string }>> = {
  requestsPerMinute: { name: 'REQUESTS_PER_MINUTE', description: 'Requests a minute.' },
  costPointsPerMinute: {
    name: 'COST_POINTS_PER_MINUTE',
    description: 'Points a minute, as `extensions.cost` tells them of each request.',
  },
  embeddingTokensPerDay: {
    name: 'EMBEDDING_TOKENS_PER_DAY',
    description: 'Tokens a day of what is embedded, queries and documents.',
  },
  documents: { name: 'DOCUMENTS', description: 'Documents stored.' },
  chunks: { name: 'CHUNKS', description: 'Passages stored.' },
};

export const QuotaKindEnum = builder.enumType('QuotaKind', {
  description: 'What can be limited.',
  values: Object.fromEntries(
    quotaKinds.map((kind) => [kinds[kind].name, { value: kind, description: kinds[kind].description }]),
  ) as Record<string, { value: QuotaKind; description: string }>,
});

const TenantLimits = builder.objectRef<TenantLimitsShape>('TenantLimits').implement({
  description: 'What a tenant, or one of its API keys, is held to.',
  fields: (t) => ({
    tenantId: t.exposeString('tenantId', { description: 'The tenant.' }),
    apiKeyId: t.id({
      nullable: true,
      description: 'The API key, as `ApiKey.id`. Null: the tenant as a whole.',
      resolve: ({ keyId }) => (keyId === undefined ? null : encodeGlobalID('ApiKey', keyId)),
    }),
    ...Object.fromEntries(
      quotaKinds.map((kind) => [
        kind,
        t.int({
          nullable: true,
          description: `${kinds[kind].description} Null: not limited.`,
          resolve: ({ limits }) => limits[kind] ?? null,
        }),
      ]),
    ),
    overrides: t.field({
      type: [QuotaKindEnum],
      description: 'Those that were set for it; the others are the configured ones.',
      resolve: ({ overrides }) => [...overrides],
    }),
  }),
});

const keyDescription = "One of the tenant's API keys, as `ApiKey.id` gave it; the tenant as a whole without it.";

builder.queryField('tenantLimits', (t) =>
  t.field({
    type: TenantLimits,
    description: 'What a tenant or one of its API keys is held to, for operators.',
    authScopes: { token: 'operator' },
    extensions: { ...priced({ points: 5 }), ...tagged('admin') },
    args: {
      tenantId: t.arg.string({ required: true, description: 'The tenant, whether it exists yet or not.' }),
      apiKeyId: t.arg.id({ description: keyDescription }),
    },
    resolve: (_root, { tenantId, apiKeyId }, { deps, principal }) =>
      readTenantLimits(deps, requirePrincipal(principal), tenantId, readKeyId(apiKeyId)),
  }),
);

const SetTenantLimitsInput = builder.inputType('SetTenantLimitsInput', {
  description:
    'Limits to set: whole numbers from 0; null brings the configured one back, and what is left out stays. Example: `{ tenantId: "acme", requestsPerMinute: 600, documents: null }`.',
  fields: (t) => ({
    tenantId: t.string({ required: true, description: 'The tenant, whether it exists yet or not.' }),
    apiKeyId: t.id({ description: `${keyDescription} Of a key, what is stored cannot be limited.` }),
    requestsPerMinute: t.int({ description: kinds.requestsPerMinute.description }),
    costPointsPerMinute: t.int({ description: kinds.costPointsPerMinute.description }),
    embeddingTokensPerDay: t.int({ description: kinds.embeddingTokensPerDay.description }),
    documents: t.int({ description: kinds.documents.description }),
    chunks: t.int({ description: kinds.chunks.description }),
  }),
});

builder.mutationField('setTenantLimits', (t) =>
  t.field({
    type: TenantLimits,
    description:
      'Limits a tenant or one of its API keys, for operators. This gateway holds to it at once, every other within 5 seconds.',
    authScopes: { token: 'operator' },
    extensions: { ...priced({ points: 10 }), ...tagged('admin') },
    args: { input: t.arg({ type: SetTenantLimitsInput, required: true, description: 'Whose limits, and which.' }) },
    resolve: (_root, { input }, { deps, principal }) => {
      const change = Object.fromEntries(
        quotaKinds.flatMap((kind) => (input[kind] === undefined ? [] : [[kind, input[kind]]])),
      );
      return setTenantLimits(deps, requirePrincipal(principal), input.tenantId, readKeyId(input.apiKeyId), change);
    },
  }),
);

function readKeyId(globalId: string | number | null | undefined): ApiKeyId | undefined {
  if (globalId === null || globalId === undefined) return undefined;
  const id = readApiKeyGlobalId(String(globalId));
  if (isApiKeyId(id)) return id;
  throw new Refusal('BAD_USER_INPUT', 'The id of the API key is not one. Pass it as "ApiKey.id" gave it, unchanged.');
}
