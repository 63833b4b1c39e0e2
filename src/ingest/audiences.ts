import { type AccessList, normaliseAccessList } from '../access-list.ts';
import type { Execute } from '../db/database.ts';
import type { TenantId } from '../ids.ts';
import { type AudienceRow, audiencesStatement, insertAudiencesStatement } from './audience-statements.ts';
import { contentHash } from './content-hash.ts';

/** The audience of a document without an access list: the whole tenant. */
export const wholeTenant = 0;

/**
 * Finds the audiences of access lists, and stores those that are new. Documents without a list cost nothing.
 * @param lists one for each document; undefined for the whole tenant.
 * @returns the number of each document's audience, in order.
 */
export async function resolveAudiences(
  tenantId: TenantId,
  lists: readonly (AccessList | undefined)[],
  execute: Execute,
): Promise<number[]> {
  const rows = lists.map((list) => list && toRow(list));
  const different = new Map(rows.flatMap((row) => (row ? [[keyOf(row), row]] : [])));
  if (different.size === 0) return lists.map(() => wholeTenant);
  // In the same order in every write: two that store the same lists then wait for each other and do not deadlock.
  const wanted = [...different.keys()].sort().map((key) => different.get(key) as AudienceRow);
  const known = await readAudiences(tenantId, wanted, execute);
  const missing = wanted.filter((row) => !known.has(keyOf(row)));
  if (missing.length > 0) {
    await execute(insertAudiencesStatement(tenantId, missing));
    for (const [key, id] of await readAudiences(tenantId, missing, execute)) known.set(key, id);
  }
  return rows.map((row) => {
    const id = row ? known.get(keyOf(row)) : wholeTenant;
    if (id === undefined) throw new Error('An access list was stored and is not there.');
    return id;
  });
}

async function readAudiences(tenantId: TenantId, rows: readonly AudienceRow[], execute: Execute) {
  const digests = rows.map(({ digest }) => digest);
  const found = await execute(audiencesStatement(tenantId, digests));
  return new Map(found.map(({ id, digest }) => [digest.toString('base64'), id]));
}

function toRow(list: AccessList): AudienceRow {
  const { users, groups } = normaliseAccessList(list);
  return { users, groups, digest: contentHash(String(users.length), ...users, ...groups) };
}

function keyOf({ digest }: AudienceRow): string {
  return digest.toString('base64');
}
