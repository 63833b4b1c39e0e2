import { tokenScopes } from '../auth/scopes.ts';
import { readChoice, readDuration, readTenant } from './argument-values.ts';
import { readArguments, refuseWords } from './arguments.ts';
import type { Command } from './command.ts';
import { revokeTokenById } from './revoke-token.ts';
import { everyScope, issueToken } from './tokens.ts';

const usage = 'tessera token --tenant ID [--subject S] [--group G ...] [--scope S ...] [--ttl TIME]';

export const token: Command = {
  name: 'token',
  help: `${usage}
       tessera token revoke ID --tenant ID [--ttl TIME] [--url URL] ...

Prints a token for a tenant's user, signed with the secret that the gateway
verifies with: JWT_HS256_SECRET, or the key kept in DATA_DIR. Where tokens are
verified with public keys or for several issuers, only those can sign.

  --tenant ID    whose documents it opens
  --subject S    who calls; "cli" without it
  --group G      a group of the subject; may be given several times
  --scope S      search, documents:read, documents:write, tenant:admin or
                 operator; may be given several times; the first three
                 without it
  --ttl TIME     how long it is valid: seconds, or a number with s, m, h or d;
                 1h without it

With "revoke" takes a token back before its time: every gateway refuses it at
once. ID is the token's "jti" claim, or the token itself.

  --tenant ID    whose token; may be left out beside --token
  --ttl TIME     how long the token would hold at most; what it says itself, or
                 366d, without it
  --url URL      a running gateway; without it, the database of the settings
  --token TOKEN  a token with the scope tenant:admin; without it, one is signed`,
  async run(context, args) {
    const [verb, ...rest] = args;
    if (verb === 'revoke') return revokeTokenById(context, rest);
    const { values, positionals, refuse } = readArguments(
      usage,
      {
        tenant: { type: 'string' },
        subject: { type: 'string', default: 'cli' },
        group: { type: 'string', multiple: true },
        scope: { type: 'string', multiple: true },
        ttl: { type: 'string', default: '1h' },
      },
      args,
    );
    refuseWords(positionals, refuse);
    if (values.subject.trim() === '') throw refuse('--subject is empty.');
    const request = {
      tenantId: readTenant(values.tenant, refuse),
      subject: values.subject,
      groups: values.group ?? [],
      scopes: values.scope?.map((word) => readChoice('--scope', word, tokenScopes, refuse)) ?? everyScope,
      ttlSeconds: readDuration('--ttl', values.ttl, refuse),
    };
    context.print(await issueToken(context.config(), request));
  },
};
