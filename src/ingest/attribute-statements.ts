import { sql } from 'kysely';
import { attributeLimits, datePattern } from '../attribute.ts';
import { sqlBuilder } from '../db/compile.ts';
import type { Statement } from '../db/database.ts';
import type { DocumentId, TenantId } from '../ids.ts';

/** Removes the attributes of some documents. */
export function deleteAttributesStatement(tenantId: TenantId, ids: readonly DocumentId[]): Statement<unknown> {
  return sqlBuilder
    .deleteFrom('document_attributes')
    .where('tenant_id', '=', tenantId)
    .where('document_id', '=', sql<string>`any(${ids}::uuid[])`);
}

/** Removes some attributes of all documents of a collection. */
export function removeAttributesStatement(
  tenantId: TenantId,
  collection: string,
  names: readonly string[],
): Statement<unknown> {
  return sqlBuilder
    .deleteFrom('document_attributes')
    .where('tenant_id', '=', tenantId)
    .where('name', '=', sql<string>`any(${names}::text[])`)
    .where('document_id', 'in', (eb) =>
      eb
        .selectFrom('documents')
        .select('documents.id')
        .where('documents.tenant_id', '=', tenantId)
        .where('documents.collection', '=', collection),
    );
}

/**
 * Writes the rows of declared attributes, read from the stored metadata: one statement, however many documents. A value of
 * another type than the declared one has no row, nor has null; a list has a row for each of its different texts.
 * @param names only these attributes; all that the documents' collections declare without it.
 * @returns one row: how many values did not fit their type.
 */
export function insertAttributesStatement(
  tenantId: TenantId,
  ids: readonly DocumentId[],
  names?: readonly string[],
): Statement<{ unfit: number }> {
  const statement = sql<{ unfit: number }>`with declared as materialized (${declaredValues(tenantId, ids, names)}),
    inserted as (
      insert into document_attributes
        (tenant_id, document_id, name, ordinal, text_value, item_value, number_value, boolean_value, date_value, audience)
      select tenant_id, document_id, name, 0,
        case type when 'text' then text end,
        null,
        case type when 'number' then text::float8 end,
        case type when 'boolean' then text::boolean end,
        case type when 'date' then (case length(text) when 10 then text || 'T00:00:00Z' else text end)::timestamptz end,
        audience
      from declared
      where type <> 'text_list' and fits
      union all
      select tenant_id, document_id, name, min(item.ordinal)::integer, null, item.text, null, null, null, audience
      from declared
      cross join lateral jsonb_array_elements_text(case when type = 'text_list' and fits then value else '[]' end)
        with ordinality as item (text, ordinal)
      group by tenant_id, document_id, name, item.text, audience
    )
    select count(*)::int as unfit from declared where not fits`;
  return { compile: () => statement.compile(sqlBuilder) };
}

/** Every value of a declared attribute that is there, with its type and whether it fits it. */
function declaredValues(tenantId: TenantId, ids: readonly DocumentId[], names: readonly string[] | undefined) {
  const { textBytes, listLength } = attributeLimits;
  const wanted = names ? sql`and attribute.name = any(${names}::text[])` : sql``;
  // Each `case` keeps what follows it from a value of another type, on which it would fail.
  return sql`select documents.tenant_id, documents.id as document_id, documents.audience, attribute.name, attribute.type, given.value, given.text,
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
      and documents.id = any(${ids}::uuid[]) and jsonb_typeof(given.value) <> 'null' ${wanted}`;
}
