import type { Execute } from '../db/database.ts';
import type { DocumentId, TenantId } from '../ids.ts';
import { deleteAttributesStatement, insertAttributesStatement } from './attribute-statements.ts';
import type { CollectionSettings } from './collection-settings.ts';

/** Documents that came from another collection lose what that one declared. */
export async function replaceAttributes(
  tenantId: TenantId,
  documentIds: readonly DocumentId[],
  settings: ReadonlyMap<string, CollectionSettings>,
  execute: Execute,
): Promise<void> {
  if (documentIds.length === 0) return;
  await execute(deleteAttributesStatement(tenantId, documentIds));
  const declares = [...settings.values()].some(({ attributes }) => attributes.length > 0);
  if (declares) await execute(insertAttributesStatement(tenantId, documentIds));
}
