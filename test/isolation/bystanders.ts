import type { Superuser } from '../support/database.ts';
import { seedEveryTable } from '../support/seed-every-table.ts';
import { hasAccessLists } from './world.ts';

/** Tenants with a row in every table, of whom no round is to see anything. */
export const bystanders = ['r0-a', 'r0-A'] as const;

/** Who alone may see what the first of them has, where there are access lists. */
export const insider = 'somebody';

/** Stores them, the document of the first under an access list. */
export async function seedBystanders(superuser: Superuser): Promise<void> {
  for (const id of bystanders) await seedEveryTable(superuser, id);
  if (!hasAccessLists) return;
  await superuser.query(
    `update documents set audience = (select id from audiences where tenant_id = $1) where tenant_id = $1`,
    [bystanders[0]],
  );
}
