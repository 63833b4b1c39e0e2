-- A bulk load that brings the vectors of its passages leases their jobs like a worker that has claimed them: nobody embeds them
-- meanwhile, and they are everybody's again when the lease runs out on a load that died.
grant insert (available_at) on tessera.embedding_jobs to tessera_tenant;
