import type { ColumnType, Generated, GeneratedAlways } from 'kysely';

/**
 * Every table and column that Tessera's statements may name: the one source of the Kysely types below. A test compares
 * it with the database's own catalog, so a migration and the types cannot drift apart.
 *
 * A column reads `type`, then `null` where it may be null, and `default` or `generated` where an insert need not or must
 * not give it.
 */
export const catalog = {
  tenants: { id: 'text', name: 'text default', status: 'text default', created_at: 'timestamptz default' },
  models: { id: 'smallint generated', name: 'text', dimensions: 'integer', created_at: 'timestamptz default' },
  tenant_models: {
    tenant_id: 'text',
    model_id: 'smallint',
    role: 'text default',
    tier: 'text default',
    created_at: 'timestamptz default',
    hnsw_index: 'text null',
    tier_changed_at: 'timestamptz default',
    chunk_count: 'integer null',
    counted_at: 'timestamptz null',
    replaces: 'smallint null',
    role_changed_at: 'timestamptz default',
    job_id: 'uuid null',
    filled_to: 'uuid null',
    filled_at: 'timestamptz null',
    emptied_at: 'timestamptz null',
  },
  documents: {
    tenant_id: 'text',
    id: 'uuid',
    collection: 'text',
    external_id: 'text null',
    title: 'text',
    body: 'text',
    url: 'text null',
    metadata: 'jsonb default',
    language: 'text default',
    content_hash: 'bytea',
    version: 'integer default',
    created_at: 'timestamptz default',
    updated_at: 'timestamptz default',
    status: 'text default',
    audience: 'integer default',
    expires_at: 'timestamptz null',
    deleted_at: 'timestamptz null',
    deletion: 'uuid null',
  },
  audiences: {
    tenant_id: 'text',
    id: 'integer generated',
    users: '_text',
    groups: '_text',
    digest: 'bytea',
  },
  audience_members: { tenant_id: 'text', member: 'text', audience: 'integer' },
  document_attributes: {
    tenant_id: 'text',
    document_id: 'uuid',
    name: 'text',
    ordinal: 'integer default',
    text_value: 'text null',
    item_value: 'text null',
    number_value: 'float8 null',
    boolean_value: 'boolean null',
    date_value: 'timestamptz null',
    audience: 'integer default',
  },
  collections: {
    tenant_id: 'text',
    name: 'text',
    language: 'text default',
    attributes: 'jsonb default',
    chunking: 'jsonb null',
    created_at: 'timestamptz default',
    updated_at: 'timestamptz default',
  },
  chunks: {
    tenant_id: 'text',
    id: 'uuid',
    document_id: 'uuid',
    ordinal: 'integer',
    context: 'text',
    text: 'text',
    start_offset: 'integer',
    end_offset: 'integer',
    language: 'text',
    content_hash: 'bytea',
    tsv: 'tsvector generated',
    terms: 'sparsevec generated',
    audience: 'integer default',
  },
  term_stats: { tenant_id: 'text', language: 'text', term: 'integer', chunks: 'integer' },
  corpus_stats: {
    tenant_id: 'text',
    language: 'text',
    chunks: 'integer',
    counted_at: 'timestamptz default',
    written: 'integer default',
    word_index: 'text null',
    word_index_changed_at: 'timestamptz null',
  },
  embeddings: {
    tenant_id: 'text',
    model_id: 'smallint',
    chunk_id: 'uuid',
    document_id: 'uuid',
    coarse: 'halfvec',
    full_vector: 'vector',
    dimensions: 'smallint',
    created_at: 'timestamptz default',
    audience: 'integer default',
    stand_in: 'integer default',
  },
  unembeddable_chunks: {
    tenant_id: 'text',
    model_id: 'smallint',
    chunk_id: 'uuid',
    reason: 'text',
    created_at: 'timestamptz default',
    audience: 'integer default',
  },
  embedding_jobs: {
    tenant_id: 'text',
    model_id: 'smallint',
    chunk_id: 'uuid',
    attempts: 'integer default',
    available_at: 'timestamptz default',
    last_error: 'text null',
    created_at: 'timestamptz default',
    audience: 'integer default',
    job_id: 'uuid null',
    rejections: 'integer default',
    dead_at: 'timestamptz null',
    is_bulk: 'boolean default',
  },
  jobs: {
    tenant_id: 'text',
    id: 'uuid',
    kind: 'text',
    total: 'integer default',
    done: 'integer default',
    created_by: 'text',
    created_at: 'timestamptz default',
    updated_at: 'timestamptz default',
  },
  write_outcomes: {
    tenant_id: 'text',
    subject: 'text',
    key: 'text',
    fingerprint: 'text',
    outcome: 'jsonb null',
    created_at: 'timestamptz default',
  },
  drift_looks: { tenant_id: 'text', looked_at: 'timestamptz default', found: 'jsonb default' },
  query_samples: {
    tenant_id: 'text',
    draw: 'float8',
    mode: 'text',
    text: 'text',
    kept_at: 'timestamptz default',
  },
  recall_curves: {
    tenant_id: 'text',
    model_id: 'smallint',
    tier: 'text',
    chunks: 'integer',
    sample: 'integer',
    settings: 'jsonb',
    exact_p50_ms: 'float8',
    exact_p95_ms: 'float8',
    measured_at: 'timestamptz default',
  },
  api_keys: {
    tenant_id: 'text',
    id: 'uuid',
    prefix: 'text',
    secret_hash: 'bytea',
    name: 'text',
    subject: 'text',
    groups: 'jsonb default',
    scopes: 'jsonb',
    created_by: 'text',
    created_at: 'timestamptz default',
    expires_at: 'timestamptz null',
    last_used_at: 'timestamptz null',
    revoked_at: 'timestamptz null',
  },
  revoked_tokens: {
    tenant_id: 'text',
    token_id: 'text',
    expires_at: 'timestamptz',
    revoked_at: 'timestamptz default',
    revoked_by: 'text',
    changed_at: 'timestamptz default',
  },
  tenant_deletions: {
    tenant_id: 'text',
    id: 'uuid',
    requested_by: 'text',
    requested_at: 'timestamptz default',
    started_at: 'timestamptz null',
    finished_at: 'timestamptz null',
    erased: 'jsonb default',
    remaining: 'jsonb null',
    waiting_for: 'jsonb default',
    lifted_at: 'timestamptz null',
    kept_revocations: 'integer default',
    kept_revocations_until: 'timestamptz null',
    request_id: 'text null default',
    token_id: 'text null default',
    detached: 'jsonb default',
  },
  canaries: { tenant_id: 'text', created_at: 'timestamptz default' },
  quota_limits: {
    tenant_id: 'text',
    key_id: 'uuid default',
    api_key_id: 'uuid null generated',
    requests_per_minute: 'integer null',
    cost_points_per_minute: 'integer null',
    documents: 'integer null',
    chunks: 'integer null',
    embedding_tokens_per_day: 'integer null',
    updated_at: 'timestamptz default',
  },
  quota_windows: {
    tenant_id: 'text',
    key_id: 'uuid',
    kind: 'text',
    started_at: 'timestamptz',
    taken: 'integer default',
  },
  audit_log: {
    tenant_id: 'text',
    id: 'uuid',
    at: 'timestamptz default',
    action: 'text',
    subject: 'text default',
    key_id: 'uuid null default',
    token_id: 'text null default',
    by_operator: 'boolean default',
    request_id: 'text null default',
    target_kind: 'text',
    target_ids: 'jsonb default',
    target_count: 'integer',
    details: 'jsonb default',
  },
  sources: {
    name: 'text',
    table_schema: 'text',
    table_name: 'text',
    tenant: 'text null',
    tenant_column: 'text null',
    collection: 'text',
    key_columns: '_text',
    title_column: 'text null',
    text_columns: '_text',
    metadata_columns: '_text default',
    url_column: 'text null',
    language: 'text null',
    page_columns: '_text',
    attached_at: 'timestamptz default',
    backfilled_to: '_text null',
    backfilled: 'int8 default',
    backfilled_at: 'timestamptz null',
  },
  source_changes: {
    tenant_id: 'text',
    source: 'text',
    key: 'text',
    seq: 'int8',
    kind: 'text',
    collection: 'text',
    snapshot: 'jsonb null',
    noted_at: 'timestamptz default',
    attempts: 'integer default',
    available_at: 'timestamptz default',
    reason: 'text null',
    dead_at: 'timestamptz null',
  },
  source_faults: { source: 'text', key: 'text', reason: 'text', noted_at: 'timestamptz default', tenant: 'text null' },
  engine_settings: { name: 'text', value: 'float8', detail: 'jsonb default', measured_at: 'timestamptz default' },
  schema_migrations: { version: 'integer', name: 'text', sha256: 'text', applied_at: 'timestamptz default' },
} as const;

/** How `pg` gives a type back, and how it takes it. Vectors are written in pgvector's binary format and never read. */
interface SqlTypes {
  text: string;
  _text: string[];
  uuid: string;
  smallint: number;
  integer: number;
  boolean: boolean;
  /** As text: JavaScript's numbers end before it does. */
  int8: string;
  float8: number;
  bytea: Buffer;
  timestamptz: Date;
  jsonb: ColumnType<Record<string, unknown>, string, string>;
  tsvector: string;
  vector: ColumnType<string, Buffer, Buffer>;
  halfvec: ColumnType<string, Buffer, Buffer>;
  sparsevec: ColumnType<string, Buffer, Buffer>;
}

type WithDefault<Type> =
  Type extends ColumnType<infer Read, infer Insert, infer Update>
    ? ColumnType<Read, Insert | undefined, Update>
    : Generated<Type>;

type Column<Spec extends string> = Spec extends `${infer Type extends keyof SqlTypes & string} null`
  ? SqlTypes[Type] | null
  : Spec extends `${infer Type extends keyof SqlTypes & string} null default`
    ? Generated<SqlTypes[Type] | null>
    : Spec extends `${infer Type extends keyof SqlTypes & string} null generated`
      ? GeneratedAlways<SqlTypes[Type] | null>
      : Spec extends `${infer Type extends keyof SqlTypes & string} default`
        ? WithDefault<SqlTypes[Type]>
        : Spec extends `${infer Type extends keyof SqlTypes & string} generated`
          ? GeneratedAlways<SqlTypes[Type]>
          : Spec extends keyof SqlTypes
            ? SqlTypes[Spec]
            : never;

type Catalog = typeof catalog;

/** The database as Kysely sees it. */
export type Schema = {
  [Table in keyof Catalog]: { [Name in keyof Catalog[Table]]: Column<Catalog[Table][Name] & string> };
};
