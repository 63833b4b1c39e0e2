select
  "tenant_id" as "tenantId",
  "language",
  "chunks",
  word_index is not null as "isRecorded"
from
  "corpus_stats"
order by
  "chunks" desc,
  "tenant_id",
  "language"
