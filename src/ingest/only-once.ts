import { sql } from 'kysely';
import type { Principal } from '../auth/principal.ts';
import { sqlBuilder } from '../db/compile.ts';
import type { Execute, Statement } from '../db/database.ts';
import { ExpectedError, Refusal } from '../errors.ts';

const longestKey = 255;

/** Another write than the one under this key. Nothing was done. */
export class IdempotencyError extends ExpectedError {
  override readonly name = 'IdempotencyError';
  override readonly code = 'IDEMPOTENCY_CONFLICT';
}

interface Sender {
  readonly principal: Principal;
  readonly key: string;
}

/** Claims a key; no row comes back where the sender has used it within a day. A claim in hand is waited for. */
export function claimKeyStatement({ principal, key }: Sender, fingerprint: string) {
  return sqlBuilder
    .insertInto('write_outcomes')
    .values({ tenant_id: principal.tenantId, subject: principal.subject, key, fingerprint })
    .onConflict((oc) => oc.doNothing())
    .returning('key');
}

/** What the key was used for, and what came of it. */
export function outcomeStatement({ principal, key }: Sender) {
  return sqlBuilder
    .selectFrom('write_outcomes')
    .select(['fingerprint', sql<unknown>`outcome`.as('outcome')])
    .where('tenant_id', '=', principal.tenantId)
    .where('subject', '=', principal.subject)
    .where('key', '=', key);
}

export function saveOutcomeStatement({ principal, key }: Sender, outcome: string): Statement<unknown> {
  return sqlBuilder
    .updateTable('write_outcomes')
    .set({ outcome })
    .where('tenant_id', '=', principal.tenantId)
    .where('subject', '=', principal.subject)
    .where('key', '=', key);
}

/**
 * Does work that leaves plain data behind, unless the sender has had it done under the same key; then gives what it came to. A
 * key is kept for a day. Work that fails leaves no trace of its key.
 * @param fingerprint of everything that was asked for.
 * @throws {IdempotencyError} where something else was asked for under the key.
 * @throws {Refusal} `BAD_USER_INPUT` for a key that is not 1 to 255 characters.
 */
export async function onlyOnce<Outcome>(
  principal: Principal,
  key: string | undefined,
  fingerprint: string,
  execute: Execute,
  work: () => Promise<Outcome>,
): Promise<{ readonly result: Outcome; readonly isFirst: boolean }> {
  if (key === undefined) return { result: await work(), isFirst: true };
  if (key.length < 1 || key.length > longestKey || key.includes('\0') || !key.isWellFormed()) {
    throw new Refusal(
      'BAD_USER_INPUT',
      `The idempotency key has ${key.length} characters; 1 to ${longestKey} without NUL are allowed.`,
    );
  }
  const sender = { principal, key };
  const claimed = await execute(claimKeyStatement(sender, fingerprint));
  if (claimed.length === 0) {
    const [earlier] = await execute(outcomeStatement(sender));
    if (earlier?.fingerprint === fingerprint) return { result: earlier.outcome as Outcome, isFirst: false };
    throw new IdempotencyError(
      `Another write was sent under the idempotency key ${JSON.stringify(key)} within the last day. Send this one under a key of its own.`,
    );
  }
  const result = await work();
  await execute(saveOutcomeStatement(sender, JSON.stringify(result)));
  return { result, isFirst: true };
}
