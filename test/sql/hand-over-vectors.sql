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
      ) + coalesce(
        (
          select
            max(s.stand_in)
          from
            embeddings s
          where
            s.tenant_id = $1
            and s.chunk_id = gone.successor
            and s.model_id = e.model_id
        ),
        0
      ) as "number"
    from
      unnest($2::uuid[], $3::uuid[]) as gone (id, successor)
      inner join "embeddings" as "e" on "e"."chunk_id" = "gone"."id"
    where
      "e"."tenant_id" = $4
      and (
        gone.successor = any ($5::uuid[])
        or exists (
          select
          from
            embedding_jobs j
          where
            j.tenant_id = $6
            and j.chunk_id = gone.successor
            and j.model_id = e.model_id
        )
      )
  ) as "handed"
where
  "embeddings"."tenant_id" = $7
  and "embeddings"."chunk_id" = "handed"."chunk_id"
  and "embeddings"."model_id" = "handed"."model_id"
  and "embeddings"."stand_in" = "handed"."stand_in"
