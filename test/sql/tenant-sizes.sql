select
  "sizes"."tenant_id" as "tenantId",
  "sizes"."documents",
  "sizes"."chunks",
  "sizes"."embeddings",
  "sizes"."table_bytes" as "tableBytes"
from
  tenant_sizes ($1::text[]) as "sizes"
