import type { Principal } from '../auth/principal.ts';
import type { Database } from '../db/database.ts';

/** Says after its commit that a write changed documents, unless it left them all as they were. */
export function announceOutcomes(
  { database }: { readonly database: Database },
  { tenantId }: Principal,
  outcomes: readonly { readonly status: string }[],
): void {
  if (outcomes.some(({ status }) => status !== 'UNCHANGED')) database.announceChange?.(tenantId);
}
