import type { AccessList } from '../../src/access-list.ts';
import type { Principal } from '../../src/auth/principal.ts';
import type { Superuser } from './database.ts';

/** The rule of access lists, in one line: what PostgreSQL's policies are held to. */
export function maySee(
  { subject, groups }: Pick<Principal, 'subject' | 'groups'>,
  acl: AccessList | undefined,
): boolean {
  return !acl || acl.users.includes(subject) || acl.groups.some((group) => groups.includes(group));
}

/** Stores an access list past every policy. @returns the number of its audience. */
export async function seedAudience(owner: Superuser, tenantId: string, { users, groups }: AccessList): Promise<number> {
  const { rows } = await owner.query<{ id: number }>(
    `insert into audiences (tenant_id, users, groups, digest) values ($1, $2, $3, sha256(random()::text::bytea)) returning id`,
    [tenantId, users, groups],
  );
  const id = (rows[0] as { id: number }).id;
  await owner.query(
    `insert into audience_members (tenant_id, member, audience)
     select $1, 'u:' || name, $2::int from unnest($3::text[]) name
     union all select $1, 'g:' || name, $2::int from unnest($4::text[]) name`,
    [tenantId, id, users, groups],
  );
  return id;
}

/**
 * Puts many documents under an audience at once: past the foreign keys, a statement a table, before any graph is built.
 * @param condition in SQL, over `documents`.
 */
export async function seedAudienceOf(owner: Superuser, tenantId: string, audience: number, condition: string) {
  const ids = `select id from tessera.documents where tenant_id = '${tenantId}' and (${condition})`;
  const update = (table: string, column: string) =>
    `update tessera.${table} set audience = ${audience} where tenant_id = '${tenantId}' and ${column} in (${ids})`;
  await owner.query(
    `begin; set local session_replication_role = replica; ${update('embeddings', 'document_id')};
     ${update('chunks', 'document_id')}; ${update('documents', 'id')}; commit`,
  );
}
