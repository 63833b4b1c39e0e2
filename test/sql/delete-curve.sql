delete from "recall_curves"
where
  "tenant_id" = $1
  and "model_id" = $2
