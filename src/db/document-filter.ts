import { type ExpressionBuilder, type ExpressionWrapper, type SqlBool, sql } from 'kysely';
import type { Condition, DocumentFilter, MetadataCondition } from '../filter.ts';
import type { TenantId } from '../ids.ts';
import { attributePredicates } from './attribute-filter.ts';
import type { Schema } from './catalog.ts';
import { comparisonPredicates, type Operand } from './comparison-predicates.ts';

type Documents = ExpressionBuilder<Schema, 'documents'>;
type Predicate = ExpressionWrapper<Schema, 'documents', SqlBool>;

/** The filter as a condition on `documents`; an empty filter is true, an empty `or` is false. */
export function documentPredicate(eb: Documents, tenantId: TenantId, filter: DocumentFilter): Predicate {
  const parts: Predicate[] = [];
  if (filter.and) parts.push(eb.and(filter.and.map((inner) => documentPredicate(eb, tenantId, inner))));
  if (filter.or) parts.push(eb.or(filter.or.map((inner) => documentPredicate(eb, tenantId, inner))));
  // Not `not`: a condition on an absent value is neither true nor false, and then its opposite holds.
  if (filter.not) parts.push(sql<SqlBool>`(${documentPredicate(eb, tenantId, filter.not)}) is not true` as never);
  if (filter.collection) parts.push(conditionPredicate(eb, sql`documents.collection`, filter.collection));
  if (filter.externalId) parts.push(conditionPredicate(eb, sql`documents.external_id`, filter.externalId));
  if (filter.title) parts.push(conditionPredicate(eb, sql`documents.title`, filter.title));
  if (filter.status) parts.push(conditionPredicate(eb, sql`documents.status`, filter.status));
  if (filter.createdAt) parts.push(conditionPredicate(eb, sql`documents.created_at`, filter.createdAt));
  if (filter.updatedAt) parts.push(conditionPredicate(eb, sql`documents.updated_at`, filter.updatedAt));
  for (const condition of filter.attributes ?? [])
    parts.push(eb.and(attributePredicates(tenantId, condition)) as never);
  for (const condition of filter.metadata ?? []) parts.push(metadataPredicate(eb, condition));
  return eb.and(parts);
}

/** The attribute as a typed value: null where it is absent or of another type, so that a cast can never fail. */
function metadataPredicate(eb: Documents, condition: MetadataCondition): Predicate {
  const { key } = condition;
  const typed = (type: 'string' | 'number' | 'boolean', cast: Operand): Operand =>
    sql`case when jsonb_typeof(documents.metadata -> ${key}) = ${sql.lit(type)} then ${cast} end`;
  const value = sql`documents.metadata ->> ${key}`;
  const parts: Predicate[] = [];
  if (condition.text) parts.push(conditionPredicate(eb, typed('string', value), condition.text));
  if (condition.number) parts.push(conditionPredicate(eb, typed('number', sql`(${value})::float8`), condition.number));
  if (condition.boolean)
    parts.push(conditionPredicate(eb, typed('boolean', sql`(${value})::boolean`), condition.boolean));
  return eb.and(parts);
}

function conditionPredicate<Value>(eb: Documents, operand: Operand, condition: Condition<Value>): Predicate {
  const parts = comparisonPredicates(operand, condition);
  if (condition.is)
    parts.push(condition.is === 'NULL' ? sql<boolean>`${operand} is null` : sql<boolean>`${operand} is not null`);
  return eb.and(parts.map((part) => sql<SqlBool>`(${part})` as never));
}
