/**
 * What a token or an API key may allow. `docs/authentication.md` says what each opens; the role that PostgreSQL is asked
 * as follows from them, too (see `src/db/scope.ts`).
 */
export const tokenScopes = ['search', 'documents:read', 'documents:write', 'tenant:admin', 'operator'] as const;

export type TokenScope = (typeof tokenScopes)[number];
