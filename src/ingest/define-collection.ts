import { sql } from 'kysely';
import type { Attribute } from '../attribute.ts';
import type { Principal } from '../auth/principal.ts';
import { type Chunking, defaultChunking } from '../chunking.ts';
import { auditStatement } from '../db/audit.ts';
import { sqlBuilder } from '../db/compile.ts';
import type { Execute, Statement } from '../db/database.ts';
import { writeAsTenant } from '../db/tenant.ts';
import type { DocumentId, TenantId } from '../ids.ts';
import { insertAttributesStatement, removeAttributesStatement } from './attribute-statements.ts';
import { type CollectionDefinition, CollectionError, checkDefinition } from './collection-definition.ts';
import { lockCollectionsStatement, readCollectionSettings, undeclared } from './collection-settings.ts';
import { registerTenantStatement } from './upsert-statements.ts';
import type { IngestDeps } from './write.ts';

/**
 * Documents whose attributes one statement fills. Five attributes of 50,000 documents took 9 s in one statement, most of
 * it in the checks of the foreign key: a large collection would run into the timeout of statements.
 */
const documentsPerFill = 2_000;
const beforeAllIds = '00000000-0000-0000-0000-000000000000' as DocumentId;

/** A collection as it is now. */
export interface DefinedCollection extends CollectionDefinition {
  readonly chunking: Chunking;
  readonly documents: number;
  /** Values of documents stored before that do not fit what was declared now: no filter on the attribute finds them. */
  readonly unfitValues: number;
}

/**
 * Says what a collection's language, attributes and chunks are, in place of what was said before. Attributes may come and go at any
 * time: those of the documents that it holds are filled and removed in the same transaction.
 * @throws {CollectionError} `INVALID_COLLECTION`; `COLLECTION_NOT_EMPTY` when the language changes and there are documents.
 */
export async function defineCollection(
  deps: Pick<IngestDeps, 'database'>,
  principal: Principal,
  definition: CollectionDefinition,
): Promise<DefinedCollection> {
  checkDefinition(definition);
  return writeAsTenant(deps.database, principal, (execute) => define(principal.tenantId, definition, execute));
}

async function define(
  tenantId: TenantId,
  definition: CollectionDefinition,
  execute: Execute,
): Promise<DefinedCollection> {
  const { name, language, attributes } = definition;
  await execute(registerTenantStatement(tenantId));
  await execute(lockCollectionsStatement(tenantId, 'define'));
  const before = (await readCollectionSettings(tenantId, [name], execute)).get(name) ?? undeclared;
  const [{ documents } = { documents: 0 }] = await execute(countDocumentsStatement(tenantId, name));
  if (language !== before.language && documents > 0) {
    throw new CollectionError(
      'COLLECTION_NOT_EMPTY',
      `The collection ${JSON.stringify(name)} holds ${documents} documents whose words are stemmed as ${before.language}, so its language cannot become ${language}. Delete them first, or define another collection.`,
    );
  }
  await execute(saveCollectionStatement(tenantId, definition));
  const declared = attributes.map((attribute) => ({ name: attribute.name, type: attribute.type }));
  const details = { language, attributes: declared };
  const entry = { action: 'defineCollection', targetKind: 'collection', targetIds: [name], details };
  await execute(auditStatement(tenantId, entry));
  const gone = namesWithout(before.attributes, attributes);
  const come = namesWithout(attributes, before.attributes);
  if (gone.length > 0) await execute(removeAttributesStatement(tenantId, name, gone));
  const unfitValues = come.length > 0 ? await fillAttributes(tenantId, name, come, execute) : 0;
  return { ...definition, chunking: definition.chunking ?? defaultChunking, documents, unfitValues };
}

/** Fills newly declared attributes of the documents that are there. Returns how many values did not fit. */
async function fillAttributes(
  tenantId: TenantId,
  collection: string,
  names: readonly string[],
  execute: Execute,
): Promise<number> {
  let unfit = 0;
  let after = beforeAllIds;
  while (true) {
    const page = await execute(documentPageStatement(tenantId, collection, after, documentsPerFill));
    const last = page.at(-1);
    if (!last) return unfit;
    const ids = page.map(({ id }) => id);
    const [filled] = await execute(insertAttributesStatement(tenantId, ids, names));
    unfit += filled?.unfit ?? 0;
    after = last.id;
  }
}

/** Names of the attributes that the others do not declare, or declare as another type. */
function namesWithout(attributes: readonly Attribute[], others: readonly Attribute[]): string[] {
  const types = new Map(others.map(({ name, type }) => [name, type]));
  return attributes.filter(({ name, type }) => types.get(name) !== type).map(({ name }) => name);
}

/**
 * Ids of a collection's documents behind one of them, by the index of collections. A deleted one gets its attributes when it
 * is restored.
 */
export function documentPageStatement(tenantId: TenantId, collection: string, after: DocumentId, limit: number) {
  return sqlBuilder
    .selectFrom('documents')
    .select(sql.ref<DocumentId>('id').as('id'))
    .where('tenant_id', '=', tenantId)
    .where('collection', '=', collection)
    .where('deleted_at', 'is', null)
    .where('id', '>', after)
    .orderBy('id')
    .limit(limit);
}

export function countDocumentsStatement(tenantId: TenantId, collection: string) {
  return sqlBuilder
    .selectFrom('documents')
    .select(sql<number>`count(*)::int`.as('documents'))
    .where('tenant_id', '=', tenantId)
    .where('collection', '=', collection)
    .where('deleted_at', 'is', null);
}

export function saveCollectionStatement(
  tenantId: TenantId,
  { name, language, attributes, chunking }: CollectionDefinition,
): Statement<unknown> {
  const declared = JSON.stringify(attributes.map((attribute) => ({ name: attribute.name, type: attribute.type })));
  const divided = chunking ? JSON.stringify(chunking) : null;
  return sqlBuilder
    .insertInto('collections')
    .values({ tenant_id: tenantId, name, language, attributes: declared, chunking: divided })
    .onConflict((oc) =>
      oc
        .columns(['tenant_id', 'name'])
        .doUpdateSet({ language, attributes: declared, chunking: divided, updated_at: sql<Date>`now()` }),
    );
}
