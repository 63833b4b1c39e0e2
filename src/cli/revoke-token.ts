import { decodeJwt } from 'jose';
import { readDuration, readGatewayUrl, readTenant } from './argument-values.ts';
import { type Refuse, readArguments, refuseWords } from './arguments.ts';
import type { CommandContext } from './command.ts';
import { openGatewayClient } from './gateway-client.ts';

const usage = 'tessera token revoke ID --tenant ID [--ttl TIME] [--url URL] [--token TOKEN]';

/** The longest that `--ttl` can say: a token that lives longer than its revocation would hold again. */
const longestTtl = '366d';

/** A token's `jti`, and until when it holds. */
interface Revocable {
  readonly tokenId: string;
  readonly expiresAt: Date;
}

/** The part of `tessera token` that takes a token back, by its id or by itself. */
export async function revokeTokenById(context: CommandContext, args: readonly string[]): Promise<void> {
  const { values, positionals, refuse } = readArguments(
    usage,
    { tenant: { type: 'string' }, ttl: { type: 'string' }, url: { type: 'string' }, token: { type: 'string' } },
    args,
  );
  const [text = '', ...rest] = positionals;
  refuseWords(rest, refuse);
  const { tokenId, expiresAt } = readRevocable(text, values.ttl, refuse);
  const tenantId = values.tenant === undefined && values.token ? undefined : readTenant(values.tenant, refuse);
  const url = values.url === undefined ? undefined : readGatewayUrl(values.url, refuse);
  const client = await openGatewayClient(context, { url, token: values.token, tenantId, scopes: ['tenant:admin'] });
  try {
    const { revokeToken } = await client.request<{ revokeToken: { expiresAt: string } }>(
      'mutation($tokenId: String!, $expiresAt: DateTime!) { revokeToken(tokenId: $tokenId, expiresAt: $expiresAt) { expiresAt } }',
      { tokenId, expiresAt },
    );
    context.print(`Revoked ${tokenId} of tenant ${client.tenantId} until ${revokeToken.expiresAt}.`);
  } finally {
    await client.close();
  }
}

/** A token says itself what its id and its end are; nobody need vouch for it, because taking it back opens nothing. */
function readRevocable(text: string, ttl: string | undefined, refuse: Refuse): Revocable {
  if (text === '') throw refuse('The id of the token is missing: its "jti" claim, or the token itself.');
  const claims = readClaims(text);
  if (claims === undefined || ttl !== undefined) {
    const ttlSeconds = readDuration('--ttl', ttl ?? longestTtl, refuse);
    return { tokenId: claims?.jti ?? text, expiresAt: new Date(Date.now() + 1_000 * ttlSeconds) };
  }
  const expiresAt = new Date(1_000 * (claims.exp ?? Number.NaN));
  if (claims.jti !== undefined && !Number.isNaN(expiresAt.getTime())) return { tokenId: claims.jti, expiresAt };
  throw refuse('The token has no id ("jti") or no end ("exp"), and cannot be revoked.');
}

function readClaims(text: string) {
  if (text.split('.').length !== 3) return undefined;
  try {
    return decodeJwt(text);
  } catch {
    return undefined;
  }
}
