import { type ExpressionBuilder, type ExpressionWrapper, type SqlBool, sql } from 'kysely';
import type { Condition, DocumentFilter, MetadataCondition } from '../filter.ts';
import type { Schema } from './catalog.ts';

type Documents = ExpressionBuilder<Schema, 'documents'>;
type Predicate = ExpressionWrapper<Schema, 'documents', SqlBool>;
type Operand = ReturnType<typeof sql<unknown>>;

/** The filter as a condition on `documents`; an empty filter is true, an empty `or` is false. */
export function documentPredicate(eb: Documents, filter: DocumentFilter): Predicate {
  const parts: Predicate[] = [];
  if (filter.and) parts.push(eb.and(filter.and.map((inner) => documentPredicate(eb, inner))));
  if (filter.or) parts.push(eb.or(filter.or.map((inner) => documentPredicate(eb, inner))));
  // Not `not`: a condition on an absent value is neither true nor false, and then its opposite holds.
  if (filter.not) parts.push(sql<SqlBool>`(${documentPredicate(eb, filter.not)}) is not true` as never);
  if (filter.collection) parts.push(conditionPredicate(eb, sql`documents.collection`, filter.collection));
  if (filter.externalId) parts.push(conditionPredicate(eb, sql`documents.external_id`, filter.externalId));
  if (filter.title) parts.push(conditionPredicate(eb, sql`documents.title`, filter.title));
  if (filter.createdAt) parts.push(conditionPredicate(eb, sql`documents.created_at`, filter.createdAt));
  if (filter.updatedAt) parts.push(conditionPredicate(eb, sql`documents.updated_at`, filter.updatedAt));
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

const comparisons = { eq: '=', neq: '<>', gt: '>', gte: '>=', lt: '<', lte: '<=' } as const;

function conditionPredicate<Value>(eb: Documents, operand: Operand, condition: Condition<Value>): Predicate {
  const parts: ReturnType<typeof sql<boolean>>[] = [];
  for (const [name, operator] of Object.entries(comparisons) as [keyof typeof comparisons, string][]) {
    const value = condition[name];
    if (value !== undefined) parts.push(sql<boolean>`${operand} ${sql.raw(operator)} ${value}`);
  }
  if (condition.in) parts.push(sql<boolean>`${operand} = any(${condition.in})`);
  if (condition.is)
    parts.push(condition.is === 'NULL' ? sql<boolean>`${operand} is null` : sql<boolean>`${operand} is not null`);
  if (condition.startsWith !== undefined) parts.push(sql<boolean>`starts_with(${operand}, ${condition.startsWith})`);
  return eb.and(parts.map((part) => sql<SqlBool>`(${part})` as never));
}
