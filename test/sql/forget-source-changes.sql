delete from "source_changes" using unnest($1::text[], $2::bigint[]) as read (key, seq)
where
  "source_changes"."tenant_id" = $3
  and "source_changes"."source" = $4
  and "source_changes"."key" = "read"."key"
  and source_changes.seq <= read.seq
