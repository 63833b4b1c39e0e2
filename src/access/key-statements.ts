import { sql } from 'kysely';
import { sqlBuilder } from '../db/compile.ts';
import type { Statement } from '../db/database.ts';
import type { ApiKeyId, TenantId } from '../ids.ts';

/** Creates the tenant's row with whatever is written first. */
export function registerKeyOwnerStatement(tenantId: TenantId): Statement<unknown> {
  return sqlBuilder
    .insertInto('tenants')
    .values({ id: tenantId })
    .onConflict((oc) => oc.column('id').doNothing());
}

const keyColumns = [
  sql.ref<ApiKeyId>('id').as('id'),
  'prefix',
  'name',
  'subject',
  sql.ref<string[]>('groups').as('groups'),
  sql.ref<string[]>('scopes').as('scopes'),
  'created_by as createdBy',
  'created_at as createdAt',
  'expires_at as expiresAt',
  'last_used_at as lastUsedAt',
  'revoked_at as revokedAt',
] as const;

/** A key to be stored. */
export interface KeyRow {
  readonly id: ApiKeyId;
  readonly prefix: string;
  readonly secretHash: Buffer;
  readonly name: string;
  readonly subject: string;
  readonly groups: readonly string[];
  readonly scopes: readonly string[];
  readonly createdBy: string;
  readonly expiresAt: Date | null;
}

export function insertKeyStatement(tenantId: TenantId, row: KeyRow) {
  return sqlBuilder
    .insertInto('api_keys')
    .values({
      tenant_id: tenantId,
      id: row.id,
      prefix: row.prefix,
      secret_hash: row.secretHash,
      name: row.name,
      subject: row.subject,
      groups: JSON.stringify(row.groups),
      scopes: JSON.stringify(row.scopes),
      created_by: row.createdBy,
      expires_at: row.expiresAt,
    })
    .returning(keyColumns);
}

/** Newest first. */
export function keysStatement(tenantId: TenantId, limit: number) {
  return sqlBuilder
    .selectFrom('api_keys')
    .select(keyColumns)
    .where('tenant_id', '=', tenantId)
    .orderBy('id', 'desc')
    .limit(limit);
}

export function usableKeyCountStatement(tenantId: TenantId) {
  return sqlBuilder
    .selectFrom('api_keys')
    .select(sql<number>`count(*)::int`.as('count'))
    .where('tenant_id', '=', tenantId)
    .where('revoked_at', 'is', null)
    .where((eb) => eb.or([eb('expires_at', 'is', null), eb('expires_at', '>', sql<Date>`now()`)]));
}

/** A key that was revoked before keeps the time at which it was. */
export function revokeKeyStatement(tenantId: TenantId, id: ApiKeyId) {
  return sqlBuilder
    .updateTable('api_keys')
    .set({ revoked_at: sql<Date>`coalesce(revoked_at, now())` })
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .returning(keyColumns);
}

/** Taken back twice, the later expiry holds; where that is the new one, gateways that ask for changes are told again. */
export function revokeTokenStatement(tenantId: TenantId, tokenId: string, expiresAt: Date, revokedBy: string) {
  return sqlBuilder
    .insertInto('revoked_tokens')
    .values({ tenant_id: tenantId, token_id: tokenId, expires_at: expiresAt, revoked_by: revokedBy })
    .onConflict((oc) =>
      oc.columns(['tenant_id', 'token_id']).doUpdateSet({
        expires_at: sql<Date>`greatest(revoked_tokens.expires_at, excluded.expires_at)`,
        changed_at: sql<Date>`case when excluded.expires_at > revoked_tokens.expires_at then now() else revoked_tokens.changed_at end`,
      }),
    )
    .returning(['token_id as tokenId', 'expires_at as expiresAt', 'revoked_at as revokedAt']);
}
