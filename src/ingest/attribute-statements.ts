import { sql } from 'kysely';
import { attributeLimits, datePattern } from '../attribute.ts';
import { sqlBuilder } from '../db/compile.ts';
import type { Statement } from '../db/database.ts';
import type { DocumentId, TenantId } from '../ids.ts';

/** Whose attributes: some documents', or some attributes of all documents of a collection. */
export type AttributeTarget =
  | { readonly documentIds: readonly DocumentId[] }
  | { readonly collection: string; readonly names: readonly string[] };

export function deleteAttributesStatement(tenantId: TenantId, target: AttributeTarget): Statement<unknown> {
  const attributes = sqlBuilder.deleteFrom('document_attributes').where('tenant_id', '=', tenantId);
  if ('documentIds' in target)
    return attributes.where('document_id', '=', sql<string>`any(${target.documentIds}::uuid[])`);
  return attributes
    .where('name', '=', sql<string>`any(${target.names}::text[])`)
    .where('document_id', 'in', (eb) =>
      eb
        .selectFrom('documents')
        .select('documents.id')
        .where('documents.tenant_id', '=', tenantId)
        .where('documents.collection', '=', target.collection),
    );
}

/**
 * Writes the rows of declared attributes, read from the stored metadata: one statement, however many documents. A value of
 * another type than the declared one has no row, nor has null; a list has a row for each of its different texts.
 */
export function insertAttributesStatement(tenantId: TenantId, target: AttributeTarget): Statement<unknown> {
  return sqlBuilder
    .insertInto('document_attributes')
    .columns([
      'tenant_id',
      'document_id',
      'name',
      'ordinal',
      'text_value',
      'item_value',
      'number_value',
      'boolean_value',
      'date_value',
    ])
    .expression(
      sql`with declared as materialized (${declaredValues(tenantId, target)})
      select tenant_id, document_id, name, 0,
        case type when 'text' then text end,
        null,
        case type when 'number' then text::float8 end,
        case type when 'boolean' then text::boolean end,
        case type when 'date' then (case length(text) when 10 then text || 'T00:00:00Z' else text end)::timestamptz end
      from declared
      where type <> 'text_list' and fits
      union all
      select tenant_id, document_id, name, min(item.ordinal)::integer, null, item.text, null, null, null
      from declared
      cross join lateral jsonb_array_elements_text(case when type = 'text_list' and fits then value else '[]' end)
        with ordinality as item (text, ordinal)
      where type = 'text_list' and fits
      group by tenant_id, document_id, name, item.text` as never,
    );
}

/** Counts declared values that have no row because they do not fit their type. */
export function unfitValuesStatement(tenantId: TenantId, target: AttributeTarget) {
  return sqlBuilder
    .selectFrom(sql<{ fits: boolean }>`(${declaredValues(tenantId, target)})`.as<'declared'>(sql`declared`))
    .select(sql<number>`count(*)::int`.as('count'))
    .where('declared.fits', '=', false);
}

/** Every value of a declared attribute that is there, with its type and whether it fits it. */
function declaredValues(tenantId: TenantId, target: AttributeTarget) {
  const { textBytes, listLength } = attributeLimits;
  const wanted =
    'documentIds' in target
      ? sql`documents.id = any(${target.documentIds}::uuid[])`
      : sql`documents.collection = ${target.collection} and attribute.name = any(${target.names}::text[])`;
  // Each `case` keeps what follows it from a value of another type, on which it would fail.
  return sql`select documents.tenant_id, documents.id as document_id, attribute.name, attribute.type, given.value, given.text,
      case attribute.type
        when 'text' then jsonb_typeof(given.value) = 'string' and octet_length(given.text) <= ${sql.lit(textBytes)}
        when 'number' then jsonb_typeof(given.value) = 'number'
        when 'boolean' then jsonb_typeof(given.value) = 'boolean'
        when 'date' then case when jsonb_typeof(given.value) = 'string' and given.text ~ ${sql.lit(datePattern.source)}
          then pg_input_is_valid(given.text, 'timestamptz') else false end
        when 'text_list' then case when jsonb_typeof(given.value) = 'array'
          then jsonb_array_length(given.value) <= ${sql.lit(listLength)} and not exists (
            select from jsonb_array_elements(given.value) as item (value)
            where jsonb_typeof(item.value) <> 'string' or octet_length(item.value #>> '{}') > ${sql.lit(textBytes)})
          else false end
      end as fits
    from documents
    join collections on collections.tenant_id = documents.tenant_id and collections.name = documents.collection
    cross join lateral jsonb_to_recordset(collections.attributes) as attribute (name text, type text)
    cross join lateral (
      select documents.metadata -> attribute.name as value, documents.metadata ->> attribute.name as text
    ) as given
    where documents.tenant_id = ${tenantId} and collections.tenant_id = ${tenantId}
      and jsonb_typeof(given.value) <> 'null' and ${wanted}`;
}
