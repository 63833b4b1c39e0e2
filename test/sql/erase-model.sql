with
  erased as (
    delete from "embeddings"
    where
      tenant_id = $1
      and model_id = $2::smallint
      and ctid = any (
        array(
          select
            ctid
          from
            "embeddings"
          where
            tenant_id = $3
            and model_id = $4::smallint
          limit
            $5
        )
      )
    returning
      1
  )
select
  count(*)::integer as rows
from
  erased
