import { tokenScopes } from '../auth/scopes.ts';
import { readChoice, readDuration, readGatewayUrl, readTenant } from './argument-values.ts';
import { type Refuse, readArguments, refuseWords } from './arguments.ts';
import type { Command } from './command.ts';
import { type GatewayClient, openGatewayClient } from './gateway-client.ts';

const usage = 'tessera key create|list|revoke [PREFIX] --tenant ID [--name N] [--scope S ...] [--ttl TIME]';

interface ListedKey {
  readonly id: string;
  readonly prefix: string;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly expiresAt: string | null;
  readonly lastUsedAt: string | null;
  readonly revokedAt: string | null;
}

export const key: Command = {
  name: 'key',
  help: `${usage}

Makes, lists and revokes API keys of a tenant. A new key is printed once, and
stored nowhere; a revoked one is refused by every gateway at once.

  --tenant ID    whose keys; may be left out beside --token
  --name N       create: what the key is for
  --scope S      create: search, documents:read, documents:write or
                 tenant:admin; may be given several times; search and
                 documents:read without it
  --subject S    create: whom a caller with it is taken for
  --group G      create: a group of the subject; may be given several times
  --ttl TIME     create: how long it holds: seconds, or a number with s, m, h
                 or d; until it is revoked without it
  --url URL      a running gateway; without it, the database of the settings
  --token TOKEN  a token with the scope tenant:admin; without it, one is signed`,
  async run(context, args) {
    const { values, positionals, refuse } = readArguments(
      usage,
      {
        tenant: { type: 'string' },
        name: { type: 'string' },
        scope: { type: 'string', multiple: true },
        subject: { type: 'string' },
        group: { type: 'string', multiple: true },
        ttl: { type: 'string' },
        url: { type: 'string' },
        token: { type: 'string' },
      },
      args,
    );
    const [word = '', ...rest] = positionals;
    const verb = readVerb(word, refuse);
    const prefix = verb === 'revoke' ? readPrefix(rest.shift(), refuse) : '';
    refuseWords(rest, refuse);
    const tenantId = values.tenant === undefined && values.token ? undefined : readTenant(values.tenant, refuse);
    if (verb === 'create' && values.name === undefined) throw refuse('--name is missing.');
    const scopes = (values.scope ?? ['search', 'documents:read']).map((scope) =>
      readChoice('--scope', scope, keyScopes, refuse),
    );
    const ttlSeconds = values.ttl === undefined ? undefined : readDuration('--ttl', values.ttl, refuse);
    const url = values.url === undefined ? undefined : readGatewayUrl(values.url, refuse);
    const client = await openGatewayClient(context, { url, token: values.token, tenantId, scopes: keyScopes });
    try {
      if (verb === 'list') for (const line of formatKeys(await listKeys(client))) context.print(line);
      else if (verb === 'revoke') context.print(await revoke(client, prefix, refuse));
      else {
        const { name, subject, group: groups } = values;
        const expiresAt = ttlSeconds === undefined ? undefined : new Date(Date.now() + 1_000 * ttlSeconds);
        context.print(await create(client, { name, scopes, subject, groups, expiresAt }));
        context.note('This is the only time that the key is shown. Send it as "Authorization: Bearer <key>".');
      }
    } finally {
      await client.close();
    }
  },
};

const keyScopes = tokenScopes.filter((scope) => scope !== 'operator');

function readVerb(word: string, refuse: Refuse): 'create' | 'list' | 'revoke' {
  if (word === 'create' || word === 'list' || word === 'revoke') return word;
  throw refuse(word === '' ? 'create, list or revoke is missing.' : `"${word}" is none of create, list and revoke.`);
}

function readPrefix(text: string | undefined, refuse: Refuse): string {
  if (text === undefined) throw refuse('The prefix of the key is missing; "tessera key list" shows it.');
  const prefix = /^(?:tsr_)?([0-9a-f]{12})$/.exec(text)?.[1];
  if (prefix !== undefined) return prefix;
  // A whole key is not repeated.
  throw refuse(`The prefix has ${text.length} characters; the 12 digits that "tessera key list" shows are allowed.`);
}

async function create(client: GatewayClient, input: Record<string, unknown>): Promise<string> {
  const { createApiKey } = await client.request<{ createApiKey: { key: string } }>(
    'mutation($input: CreateApiKeyInput!) { createApiKey(input: $input) { key } }',
    { input },
  );
  return createApiKey.key;
}

async function listKeys(client: GatewayClient): Promise<readonly ListedKey[]> {
  const { apiKeys } = await client.request<{ apiKeys: readonly ListedKey[] }>(
    '{ apiKeys { id prefix name scopes expiresAt lastUsedAt revokedAt } }',
  );
  return apiKeys;
}

async function revoke(client: GatewayClient, prefix: string, refuse: Refuse): Promise<string> {
  const found = (await listKeys(client)).filter((one) => one.prefix === prefix);
  if (found.length === 0) throw refuse(`Tenant ${client.tenantId} has no key with the prefix ${prefix}.`);
  for (const { id } of found) {
    await client.request('mutation($id: ID!) { revokeApiKey(id: $id) { id } }', { id });
  }
  return `Revoked ${prefix}, "${found[0]?.name}".`;
}

function formatKeys(keys: readonly ListedKey[]): string[] {
  if (keys.length === 0) return ['There are no keys.'];
  const day = (time: string | null, never: string) => (time === null ? never : time.slice(0, 16).replace('T', ' '));
  return keys.map(({ prefix, name, scopes, expiresAt, lastUsedAt, revokedAt }) =>
    [
      prefix,
      revokedAt === null ? `holds until ${day(expiresAt, 'revoked')}` : `revoked ${day(revokedAt, '')}`,
      `last used ${day(lastUsedAt, 'never')}`,
      scopes.join(' '),
      name,
    ].join('  '),
  );
}
