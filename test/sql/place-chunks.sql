update "chunks"
set
  "ordinal" = "place"."ordinal",
  "start_offset" = "place"."start_offset",
  "end_offset" = "place"."end_offset"
from
  unnest(
    $1::uuid[],
    $2::integer[],
    $3::integer[],
    $4::integer[]
  ) as place (id, ordinal, start_offset, end_offset)
where
  "chunks"."tenant_id" = $5
  and "chunks"."id" = "place"."id"
