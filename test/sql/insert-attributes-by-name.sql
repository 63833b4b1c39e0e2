with
  declared as materialized (
    select
      documents.tenant_id,
      documents.id as document_id,
      documents.audience,
      attribute.name,
      attribute.type,
      given.value,
      given.text,
      case attribute.type
        when 'text' then jsonb_typeof(given.value) = 'string'
        and octet_length(given.text) <= 2048
        when 'number' then jsonb_typeof(given.value) = 'number'
        when 'boolean' then jsonb_typeof(given.value) = 'boolean'
        when 'date' then case
          when jsonb_typeof(given.value) = 'string'
          and given.text ~ '^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])(T([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,6})?)?(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9]))?$' then pg_input_is_valid (given.text, 'timestamptz')
          else false
        end
        when 'text_list' then case
          when jsonb_typeof(given.value) = 'array' then jsonb_array_length(given.value) <= 256
          and not exists (
            select
            from
              jsonb_array_elements(given.value) as item (value)
            where
              jsonb_typeof(item.value) <> 'string'
              or octet_length(item.value #>> '{}') > 2048
          )
          else false
        end
      end as fits
    from
      documents
      join collections on collections.tenant_id = documents.tenant_id
      and collections.name = documents.collection
      cross join lateral jsonb_to_recordset(collections.attributes) as attribute (name text, type text)
      cross join lateral (
        select
          documents.metadata -> attribute.name as value,
          documents.metadata ->> attribute.name as text
      ) as given
    where
      documents.tenant_id = $1
      and collections.tenant_id = $2
      and documents.id = any ($3::uuid[])
      and jsonb_typeof(given.value) <> 'null'
      and attribute.name = any ($4::text[])
  ),
  inserted as (
    insert into
      document_attributes (
        tenant_id,
        document_id,
        name,
        ordinal,
        text_value,
        item_value,
        number_value,
        boolean_value,
        date_value,
        audience
      )
    select
      tenant_id,
      document_id,
      name,
      0,
      case type
        when 'text' then text
      end,
      null,
      case type
        when 'number' then text::float8
      end,
      case type
        when 'boolean' then text::boolean
      end,
      case type
        when 'date' then (
          case length(text)
            when 10 then text || 'T00:00:00Z'
            else text
          end
        )::timestamptz
      end,
      audience
    from
      declared
    where
      type <> 'text_list'
      and fits
    union all
    select
      tenant_id,
      document_id,
      name,
      min(item.ordinal)::integer,
      null,
      item.text,
      null,
      null,
      null,
      audience
    from
      declared
      cross join lateral jsonb_array_elements_text(
        case
          when type = 'text_list'
          and fits then value
          else '[]'
        end
      ) with ordinality as item (text, ordinal)
    group by
      tenant_id,
      document_id,
      name,
      item.text,
      audience
  )
select
  count(*)::int as unfit
from
  declared
where
  not fits
