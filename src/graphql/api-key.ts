import { encodeGlobalID } from '@pothos/plugin-relay';
import { type ApiKey as ApiKeyShape, createApiKey, readApiKeys, revokeApiKey } from '../access/api-keys.ts';
import { type RevokedToken as RevokedTokenShape, revokeToken } from '../access/revoke-token.ts';
import type { Secret } from '../config/secret.ts';
import { isApiKeyId } from '../ids.ts';
import { builder } from './builder.ts';
import { requirePrincipal } from './context.ts';
import { readApiKeyGlobalId } from './global-ids.ts';
import { priced } from './price.ts';
import { tagged } from './tags.ts';

const ApiKey = builder.objectRef<ApiKeyShape>('ApiKey').implement({
  description: 'A key for a program, without its secret, which is stored nowhere.',
  fields: (t) => ({
    id: t.id({ description: 'Opaque and global, to revoke it by.', resolve: ({ id }) => encodeGlobalID('ApiKey', id) }),
    prefix: t.exposeString('prefix', { description: 'The 12 digits behind `tsr_`, to tell keys apart by; no secret.' }),
    name: t.exposeString('name', { description: 'For people.' }),
    subject: t.exposeString('subject', { description: 'Whom a caller with it is taken for.' }),
    groups: t.stringList({ description: 'Groups of the subject.', resolve: ({ groups }) => [...groups] }),
    scopes: t.stringList({ description: 'What it allows.', resolve: ({ scopes }) => [...scopes] }),
    createdBy: t.exposeString('createdBy', { description: 'Subject of whoever made it.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
    expiresAt: t.expose('expiresAt', {
      type: 'DateTime',
      nullable: true,
      description: 'Until when it holds. Null: until it is revoked.',
    }),
    lastUsedAt: t.expose('lastUsedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was last used, a minute or two behind. Null: never.',
    }),
    revokedAt: t.expose('revokedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was revoked. Null: it was not.',
    }),
  }),
});

builder.queryField('apiKeys', (t) =>
  t.field({
    type: [ApiKey],
    description: "The tenant's API keys, newest first, those that hold no longer included; at most 1,000.",
    authScopes: { token: 'tenant:admin' },
    extensions: { ...priced({ points: 5, list: { otherwise: 100 } }), ...tagged('admin') },
    resolve: (_root, _args, { deps, principal }) => readApiKeys(deps, requirePrincipal(principal)),
  }),
);

const CreateApiKeyInput = builder.inputType('CreateApiKeyInput', {
  description: 'A key to be made.',
  fields: (t) => ({
    name: t.string({ required: true, description: 'For people, 1 to 200 characters.' }),
    scopes: t.stringList({
      required: true,
      description: '`search`, `documents:read`, `documents:write`, `tenant:admin`: none that you do not have yourself.',
    }),
    subject: t.string({ description: 'Whom a caller with it is taken for; `key:` and the prefix without it.' }),
    groups: t.stringList({ description: 'Groups of the subject; none without it.' }),
    expiresAt: t.field({ type: 'DateTime', description: 'Until when it holds. Without it, until it is revoked.' }),
  }),
});

const CreatedApiKey = builder
  .objectRef<{ readonly key: Secret; readonly apiKey: ApiKeyShape }>('CreateApiKeyPayload')
  .implement({
    description: 'A new key. This answer is the only place where it is ever shown.',
    fields: (t) => ({
      key: t.string({
        description: 'To be sent as `Authorization: Bearer <key>`. Keep it like a password.',
        resolve: ({ key }) => key.reveal(),
      }),
      apiKey: t.field({ type: ApiKey, description: 'What is stored of it.', resolve: ({ apiKey }) => apiKey }),
    }),
  });

builder.mutationField('createApiKey', (t) =>
  t.field({
    type: CreatedApiKey,
    description: 'Makes a key for a program of this tenant, and shows it once.',
    authScopes: { token: 'tenant:admin' },
    extensions: { ...priced({ points: 10 }), ...tagged('admin') },
    args: { input: t.arg({ type: CreateApiKeyInput, required: true, description: 'What it is to allow.' }) },
    resolve: (_root, { input }, { deps, principal }) => {
      const { name, scopes, subject, groups, expiresAt } = input;
      return createApiKey(deps, requirePrincipal(principal), {
        name,
        scopes,
        ...(subject != null && { subject }),
        ...(groups != null && { groups }),
        ...(expiresAt != null && { expiresAt }),
      });
    },
  }),
);

builder.mutationField('revokeApiKey', (t) =>
  t.field({
    type: ApiKey,
    nullable: true,
    description: 'Takes a key back: it is refused from now on. Null where it does not exist for this tenant.',
    authScopes: { token: 'tenant:admin' },
    extensions: { ...priced({ points: 10 }), ...tagged('admin') },
    args: { id: t.arg.id({ required: true, description: 'As `ApiKey.id` gave it.' }) },
    resolve: async (_root, args, { deps, principal }) => {
      const id = readApiKeyGlobalId(String(args.id));
      return isApiKeyId(id) ? revokeApiKey(deps, requirePrincipal(principal), id) : null;
    },
  }),
);

const RevokedToken = builder.objectRef<RevokedTokenShape>('RevokedToken').implement({
  description: 'A token that holds no longer.',
  fields: (t) => ({
    tokenId: t.exposeString('tokenId', { description: "The token's `jti`." }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime', description: 'Until when the revocation is kept.' }),
    revokedAt: t.expose('revokedAt', { type: 'DateTime', description: 'When it was revoked first.' }),
  }),
});

builder.mutationField('revokeToken', (t) =>
  t.field({
    type: RevokedToken,
    description: 'Takes a token of this tenant back before its time, by its `jti`: it is refused from now on.',
    authScopes: { token: 'tenant:admin' },
    extensions: { ...priced({ points: 10 }), ...tagged('admin') },
    args: {
      tokenId: t.arg.string({ required: true, description: "The token's `jti`, 1 to 256 characters." }),
      expiresAt: t.arg({
        type: 'DateTime',
        required: true,
        description:
          "The token's own `exp`, which must be in the future; once it has passed, the revocation is cleared away.",
      }),
    },
    resolve: (_root, { tokenId, expiresAt }, { deps, principal }) =>
      revokeToken(deps, requirePrincipal(principal), tokenId, expiresAt),
  }),
);
