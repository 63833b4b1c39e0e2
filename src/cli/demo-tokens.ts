import type { TokenScope } from '../auth/scopes.ts';
import type { Config } from '../config/config.ts';
import { demoTenants } from './demo-data.ts';
import { everyScope, issueToken } from './tokens.ts';

const ttlSeconds = 30 * 24 * 3600;

/** A token for each demo tenant, by its id, with the usual scopes and what is added to them. */
export async function demoTokens(config: Config, added: readonly TokenScope[] = []): Promise<Map<string, string>> {
  const scopes = [...everyScope, ...added];
  const tokens = await Promise.all(
    demoTenants.map((tenantId) => issueToken(config, { tenantId, subject: 'demo', scopes, ttlSeconds })),
  );
  return new Map(demoTenants.map((tenantId, index) => [tenantId, tokens[index] as string]));
}

/** A search as a command to paste into a shell. */
export function curlLine(url: string, token: string, text: string): string {
  const query =
    'query($input: SearchInput!) { search(input: $input, first: 3) { ... on SearchConnection { edges { score node { title } chunk { text } } } ... on Error { code message } } }';
  const body = JSON.stringify({ query, variables: { input: { text } } }).replaceAll("'", "'\\''");
  return `curl -s ${url}/graphql -H 'content-type: application/json' -H 'authorization: Bearer ${token}' -d '${body}'`;
}
