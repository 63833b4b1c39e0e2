import { sql } from 'kysely';
import type { AccessList } from '../access-list.ts';
import { sqlBuilder } from '../db/compile.ts';
import type { Statement } from '../db/database.ts';
import type { TenantId } from '../ids.ts';

/** An access list ready to be stored. */
export interface AudienceRow extends AccessList {
  /** sha256 of the list. */
  readonly digest: Buffer;
}

/** The numbers of the access lists that are stored already. */
export function audiencesStatement(tenantId: TenantId, digests: readonly Buffer[]) {
  return sqlBuilder
    .selectFrom('audiences')
    .select(['id', 'digest'])
    .where('tenant_id', '=', tenantId)
    .where('digest', '=', sql<Buffer>`any(${digests}::bytea[])`);
}

/**
 * Stores access lists and whom they name. One that another write stores at the same time is waited for, and then left as
 * it is.
 */
export function insertAudiencesStatement(tenantId: TenantId, rows: readonly AudienceRow[]): Statement<unknown> {
  return sqlBuilder
    .with('made', (db) =>
      db
        .insertInto('audiences')
        .values(
          rows.map(({ users, groups, digest }) => ({
            tenant_id: tenantId,
            users: [...users],
            groups: [...groups],
            digest,
          })),
        )
        .onConflict((oc) => oc.columns(['tenant_id', 'digest']).doNothing())
        .returning(['tenant_id', 'id', 'users', 'groups']),
    )
    .insertInto('audience_members')
    .columns(['tenant_id', 'member', 'audience'])
    .expression((eb) => {
      const members = (prefix: 'u:' | 'g:', column: 'users' | 'groups') =>
        eb
          .selectFrom('made')
          .select(['tenant_id', sql<string>`${sql.lit(prefix)} || unnest(${sql.ref(column)})`.as('member'), 'id']);
      return members('u:', 'users').unionAll(members('g:', 'groups'));
    });
}
