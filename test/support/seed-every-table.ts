import { randomUUID } from 'node:crypto';
import type { Superuser } from './database.ts';

/** A tenant that holds a row in every table of a tenant. */
export interface SeededTenant {
  readonly tenantId: string;
  readonly modelId: number;
  readonly documentId: string;
  /** Has a vector, a job and a mark as not embeddable. */
  readonly chunkId: string;
  /** Has none of these. */
  readonly bareChunkId: string;
  /** Names `somebody`; no document is under it. */
  readonly audience: number;
}

/** Text of a vector of length 1, for a model of 256 dimensions. */
export const unitVector = `[1${',0'.repeat(255)}]`;

/** Writes a tenant with one document, past the policies. */
export async function seedEveryTable(
  owner: Superuser,
  tenantId: string,
  text = 'a lamp in the window',
): Promise<SeededTenant> {
  const [documentId, chunkId, bareChunkId] = [randomUUID(), randomUUID(), randomUUID()];
  const modelId = await seedModel(owner);
  await owner.query('insert into tenants (id, name) values ($1, $1)', [tenantId]);
  await owner.query('insert into tenant_models (tenant_id, model_id) values ($1, $2)', [tenantId, modelId]);
  await owner.query(
    `insert into documents (tenant_id, id, collection, external_id, title, body, content_hash)
     values ($1, $2, 'notes', 'one', 'Title', $3, sha256('x'))`,
    [tenantId, documentId, text],
  );
  await owner.query(`insert into collections (tenant_id, name) values ($1, 'notes')`, [tenantId]);
  await owner.query(
    `insert into document_attributes (tenant_id, document_id, name, number_value) values ($1, $2, 'year', 2026)`,
    [tenantId, documentId],
  );
  for (const [ordinal, id] of [chunkId, bareChunkId].entries()) {
    await owner.query(
      `insert into chunks (tenant_id, id, document_id, ordinal, context, text, start_offset, end_offset, language, content_hash)
       values ($1, $2, $3, $4, 'Title', $5, 0, length($5), 'english', sha256('x'))`,
      [tenantId, id, documentId, ordinal, text],
    );
  }
  await owner.query(
    `insert into embeddings (tenant_id, model_id, chunk_id, document_id, coarse, full_vector, dimensions)
     values ($1, $2, $3, $4, $5::text::halfvec, $5::text::vector, 256)`,
    [tenantId, modelId, chunkId, documentId, unitVector],
  );
  await owner.query(
    `insert into unembeddable_chunks (tenant_id, model_id, chunk_id, reason) values ($1, $2, $3, 'seeded')`,
    [tenantId, modelId, chunkId],
  );
  await owner.query('insert into embedding_jobs (tenant_id, model_id, chunk_id) values ($1, $2, $3)', [
    tenantId,
    modelId,
    chunkId,
  ]);
  await owner.query(
    `insert into jobs (tenant_id, id, kind, created_by) values ($1, gen_random_uuid(), 'write', 'seeded')`,
    [tenantId],
  );
  // Long ago: the worker sees no other.
  await owner.query(
    `insert into write_outcomes (tenant_id, subject, key, fingerprint, outcome, created_at)
     values ($1, 'somebody', 'one', 'x', '{}', '2020-01-01')`,
    [tenantId],
  );
  await owner.query(
    `insert into sources (name, table_schema, table_name, tenant, collection, key_columns, text_columns, page_columns)
     values ('seeded.' || $1::text, 'seeded', $1, $1, 'notes', '{id}', '{body}', '{id}')`,
    [tenantId],
  );
  await owner.query(
    `insert into source_faults (source, key, reason, tenant) values ('seeded.' || $1::text, 'one', 'x', $1)`,
    [tenantId],
  );
  await owner.query(`insert into term_stats (tenant_id, language, term, chunks) values ($1, 'english', 1, 1)`, [
    tenantId,
  ]);
  await owner.query(`insert into corpus_stats (tenant_id, language, chunks) values ($1, 'english', 2)`, [tenantId]);
  await owner.query('insert into drift_looks (tenant_id) values ($1)', [tenantId]);
  await owner.query(
    `insert into recall_curves (tenant_id, model_id, tier, chunks, sample, settings, exact_p50_ms, exact_p95_ms)
     values ($1, $2, 'exact', 2, 1, '[]', 1, 1)`,
    [tenantId, modelId],
  );
  await owner.query(
    `insert into api_keys (tenant_id, id, prefix, secret_hash, name, subject, scopes, created_by)
     values ($1, gen_random_uuid(), '0123456789ab', sha256('x'), 'one', 'key', '["search"]', 'seeded')`,
    [tenantId],
  );
  const audiences = await owner.query<{ id: number }>(
    `insert into audiences (tenant_id, users, groups, digest) values ($1, '{somebody}', '{}', sha256('x')) returning id`,
    [tenantId],
  );
  const audience = audiences.rows[0]?.id ?? 0;
  await owner.query(`insert into audience_members (tenant_id, member, audience) values ($1, 'u:somebody', $2)`, [
    tenantId,
    audience,
  ]);
  // Long expired: the worker sees no other.
  await owner.query(
    `insert into revoked_tokens (tenant_id, token_id, expires_at, revoked_by) values ($1, 'one', '2020-01-01', 'seeded')`,
    [tenantId],
  );
  // Long finished, and lifted when the tenant was created anew. Its canary came with the tenant's row.
  await owner.query(
    `insert into tenant_deletions (tenant_id, id, requested_by, requested_at, finished_at, remaining, lifted_at)
     values ($1, gen_random_uuid(), 'seeded', '2020-01-01', '2020-01-01', '{}', '2020-01-01')`,
    [tenantId],
  );
  await owner.query('insert into quota_limits (tenant_id, documents) values ($1, 100)', [tenantId]);
  // Long over: the worker sees no other; and so for the audit log.
  await owner.query(
    `insert into quota_windows (tenant_id, key_id, kind, started_at, taken)
     values ($1, gen_random_uuid(), 'requestsPerMinute', '2020-01-01', 1)`,
    [tenantId],
  );
  await owner.query(
    `insert into query_samples (tenant_id, draw, mode, text, kept_at) values ($1, 0.5, 'HYBRID', 'a lamp', '2020-01-01')`,
    [tenantId],
  );
  await owner.query(
    `insert into audit_log (tenant_id, id, at, action, subject, target_kind, target_count)
     values ($1, gen_random_uuid(), '2020-01-01', 'seeded', 'somebody', 'tenant', 1)`,
    [tenantId],
  );
  await owner.query(
    `insert into source_changes (tenant_id, source, key, seq, kind, collection) values ($1, 'public.notes', 'one', 1, 'delete', 'notes')`,
    [tenantId],
  );
  return { tenantId, modelId, documentId, chunkId, bareChunkId, audience };
}

async function seedModel(owner: Superuser): Promise<number> {
  await owner.query(`insert into models (name, dimensions) values ('seed-256', 256) on conflict do nothing`);
  const { rows } = await owner.query<{ id: number }>(`select id from models where name = 'seed-256'`);
  return (rows[0] as { id: number }).id;
}
