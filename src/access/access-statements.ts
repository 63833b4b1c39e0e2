import { sql } from 'kysely';
import { sqlBuilder } from '../db/compile.ts';
import type { Statement } from '../db/database.ts';
import type { ApiKeyId, TenantId } from '../ids.ts';
import type { FoundKey, Revocation } from './revocations.ts';

/** Keys by their prefix: before a tenant is known, through the gate's function. */
export function findApiKeysStatement(prefix: string) {
  return sqlBuilder
    .selectFrom(sql<FoundKeyRow>`find_api_keys(${prefix})`.as('found'))
    .select([
      'found.tenant_id as tenantId',
      'found.id as id',
      'found.secret_hash as secretHash',
      'found.subject as subject',
      'found.groups as groups',
      'found.scopes as scopes',
      'found.expires_at as expiresAt',
      'found.revoked_at as revokedAt',
    ])
    .$castTo<FoundKey>();
}

interface FoundKeyRow {
  tenant_id: string;
  id: string;
  secret_hash: Buffer;
  subject: string;
  groups: string[];
  scopes: string[];
  expires_at: Date | null;
  revoked_at: Date | null;
}

export function tokenIsRevokedStatement(tenantId: TenantId, tokenId: string) {
  return sqlBuilder.selectNoFrom(sql<boolean>`token_is_revoked(${tenantId}, ${tokenId})`.as('revoked'));
}

/** What was taken back in the last `seconds`, of every tenant; everything there is without them. */
export function revocationsStatement(seconds: number | undefined): Statement<RevocationRow> {
  const moment = seconds === undefined ? sql`'-infinity'` : sql`now() - make_interval(secs => ${seconds})`;
  return sqlBuilder
    .selectFrom(sql<RevocationRow>`revocations_since(${moment})`.as('taken'))
    .select(['taken.key_id', 'taken.tenant_id', 'taken.token_id', 'taken.expires_at']);
}

/** A key by its id, a token by its tenant and id, or a tenant that was erased. */
interface RevocationRow {
  readonly key_id: ApiKeyId | null;
  readonly tenant_id: TenantId;
  readonly token_id: string | null;
  readonly expires_at: Date;
}

export function toRevocation(row: RevocationRow): Revocation {
  if (row.key_id !== null) return { keyId: row.key_id };
  if (row.token_id === null) return { erasedTenantId: row.tenant_id };
  return { tenantId: row.tenant_id, tokenId: row.token_id, expiresAtMs: row.expires_at.getTime() };
}

/** A key and when it was last used. */
export interface KeyUse {
  readonly tenantId: TenantId;
  readonly keyId: ApiKeyId;
  readonly usedAt: Date;
}

export function noteKeyUseStatement(uses: readonly KeyUse[]) {
  return sqlBuilder.selectNoFrom(
    sql<null>`note_key_use(${uses.map((use) => use.tenantId)}::text[], ${uses.map((use) => use.keyId)}::uuid[],
      ${uses.map((use) => use.usedAt.toISOString())}::timestamptz[])`.as('noted'),
  );
}
