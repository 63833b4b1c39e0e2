update "embeddings"
set
  "chunk_id" = "handed"."successor",
  "stand_in" = "handed"."number"
from
  (
    select
      "e"."chunk_id",
      "e"."model_id",
      "e"."stand_in",
      "gone"."successor",
      row_number() over (
        partition by
          e.model_id,
          gone.successor
        order by
          e.created_at,
          e.chunk_id,
          e.stand_in
      ) as "number"
    from
      unnest($1::uuid[], $2::uuid[]) as gone (id, successor)
      inner join "embeddings" as "e" on "e"."chunk_id" = "gone"."id"
    where
      "e"."tenant_id" = $3
  ) as "handed"
where
  "embeddings"."tenant_id" = $4
  and "embeddings"."chunk_id" = "handed"."chunk_id"
  and "embeddings"."model_id" = "handed"."model_id"
  and "embeddings"."stand_in" = "handed"."stand_in"
