import type { Principal } from '../auth/principal.ts';
import { decodeCursor, encodeCursor, fingerprint } from '../cursor.ts';
import { type Database, readInFlight } from '../db/database.ts';
import { adminScope } from '../db/scope.ts';
import { Refusal } from '../errors.ts';
import { isAuditId } from '../ids.ts';
import { checkPageSize, type Page, toPage } from '../page.ts';
import { type AuditFilter, auditLogStatement } from './audit-statements.ts';

export interface AuditDeps {
  readonly database: Database;
}

/** What somebody did: one row for each mutation that changed something. */
export interface AuditEntry {
  readonly id: string;
  readonly at: Date;
  readonly action: string;
  readonly subject: string;
  /** The API key that the subject showed. */
  readonly keyId: string | null;
  /** The `jti` of the token that the subject showed, where it has one. */
  readonly tokenId: string | null;
  readonly byOperator: boolean;
  readonly requestId: string | null;
  readonly targetKind: string;
  /** The first 200. */
  readonly targetIds: readonly string[];
  readonly targetCount: number;
  readonly details: Record<string, unknown>;
  /** Leads on from this entry. */
  readonly cursor: string;
}

export interface AuditRequest {
  readonly filter: AuditFilter;
  readonly first?: number | null | undefined;
  readonly after?: string | null | undefined;
}

/**
 * A page of the tenant's audit log, newest first. The principal must hold `tenant:admin`: PostgreSQL refuses (42501) one that
 * does not.
 * @throws {Refusal} `BAD_USER_INPUT` or `INVALID_CURSOR`.
 */
export async function readAuditLog(
  { database }: AuditDeps,
  principal: Principal,
  { filter, first: asked, after }: AuditRequest,
): Promise<Page<AuditEntry>> {
  const first = checkPageSize(asked);
  checkFilter(filter);
  const { tenantId } = principal;
  const list = fingerprint(['audit', tenantId, filter]);
  const statement = auditLogStatement(tenantId, {
    ...filter,
    ...(after != null && { after: readPlace(list, after) }),
    limit: first + 1,
  });
  const [rows] = await readInFlight(database, adminScope(principal), [statement]);
  const { items, hasNextPage } = toPage(rows, first);
  const entries = items.map((row) => ({
    ...row,
    targetIds: row.targetIds as unknown as readonly string[],
    cursor: encodeCursor(list, [row.id]),
  }));
  return { items: entries, hasNextPage };
}

/** No stored text has a NUL or half a character, and PostgreSQL refuses to be asked for one. */
function checkFilter({ action, actor }: AuditFilter): void {
  for (const [name, text] of Object.entries({ action, actor })) {
    if (text === undefined || (text.length <= 256 && !text.includes('\0') && text.isWellFormed())) continue;
    throw new Refusal(
      'BAD_USER_INPUT',
      `The "${name}" of the filter is not usable: it has ${text.length} characters, and at most 256 that can be stored are allowed.`,
    );
  }
}

function readPlace(list: string, cursor: string): string {
  const [id] = decodeCursor(list, cursor);
  if (typeof id === 'string' && isAuditId(id)) return id;
  throw new Refusal('INVALID_CURSOR', 'The cursor given as "after" names no entry of the audit log.');
}
