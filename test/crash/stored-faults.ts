import { createHash } from 'node:crypto';
import type pg from 'pg';
import type { Embedder } from '../../src/embed/embedder.ts';
import { writeDocumentId } from '../../src/graphql/global-ids.ts';
import type { DocumentId } from '../../src/ids.ts';
import type { Model, ModelDocument } from './model.ts';

/** Counts that must all be 0, by what they count. */
const counted: Readonly<Record<string, string>> = {
  'chunks without a vector or a mark': `select 1 from tessera.chunks c
    where not exists (select from tessera.embeddings e where (e.tenant_id, e.chunk_id, e.stand_in) = (c.tenant_id, c.id, 0))
    and not exists (select from tessera.unembeddable_chunks u where (u.tenant_id, u.chunk_id) = (c.tenant_id, c.id))`,
  'vectors of no chunk': `select 1 from tessera.embeddings e
    where not exists (select from tessera.chunks c where (c.tenant_id, c.id, c.document_id) = (e.tenant_id, e.chunk_id, e.document_id))`,
  'vectors that stand in for others': 'select 1 from tessera.embeddings where stand_in > 0',
  'jobs in the outbox': 'select 1 from tessera.embedding_jobs',
  'chunks of deleted documents': `select 1 from tessera.chunks c
    where not exists (select from tessera.documents d where (d.tenant_id, d.id) = (c.tenant_id, c.document_id) and d.deleted_at is null)`,
  'documents without a chunk': `select 1 from tessera.documents d where d.deleted_at is null
    and not exists (select from tessera.chunks c where (c.tenant_id, c.document_id) = (d.tenant_id, d.id))`,
  'documents whose chunks are not numbered from 0': `select 1 from tessera.chunks c group by c.tenant_id, c.document_id
    having min(c.ordinal) <> 0 or max(c.ordinal) <> count(*) - 1`,
  'chunks whose text is not in their document': `select 1 from tessera.chunks c
    join tessera.documents d on (d.tenant_id, d.id) = (c.tenant_id, c.document_id) where position(c.text in d.body) = 0`,
  'deletions that are not through': `select 1 from tessera.documents where deletion is not null`,
  'deletion jobs that are not done': `select 1 from tessera.jobs where kind = 'delete' and done <> total`,
  'jobs of which more was done than there was': 'select 1 from tessera.jobs where done > total',
  'keys of idempotency without an outcome': 'select 1 from tessera.write_outcomes where outcome is null',
  'external ids that are there twice': `select 1 from tessera.documents where external_id is not null
    group by tenant_id, collection, external_id having count(*) > 1`,
  'invalid indexes': 'select 1 from pg_index where not indisvalid or not indisready',
  'recorded graphs that are not there': `select 1 from tessera.tenant_models
    where hnsw_index is not null and to_regclass('tessera.' || quote_ident(hnsw_index)) is null`,
};

/** Compares the database with what was acknowledged. @returns sentences, none where all is as it has to be. */
export async function findStoredFaults(superuser: pg.Client, model: Model): Promise<string[]> {
  const faults: string[] = [];
  for (const [what, query] of Object.entries(counted)) {
    const { rows } = await superuser.query<{ count: number }>(`select count(*)::int as count from (${query}) found`);
    if (rows[0]?.count !== 0) faults.push(`${rows[0]?.count} ${what}`);
  }
  return [...faults, ...(await compareDocuments(superuser, model)), ...(await compareAudit(superuser, model))];
}

const hashOf = (...parts: readonly string[]) => createHash('md5').update(parts.join('\0')).digest('hex');

async function compareDocuments(superuser: pg.Client, model: Model): Promise<string[]> {
  interface Stored {
    tenant: string;
    id: string;
    collection: string;
    externalId: string;
    version: number;
    title: string;
    body: string;
    metadata: Record<string, unknown>;
    hidden: boolean;
  }
  const { rows } =
    await superuser.query<Stored>(`select tenant_id as tenant, id, collection, external_id as "externalId",
    version, title, body, metadata, deleted_at is not null as hidden from tessera.documents`);
  const describe = (one: Stored) =>
    `${writeDocumentId(one.id as DocumentId)} version ${one.version} ${one.hidden ? 'hidden' : 'there'} ` +
    hashOf(one.title, one.body, JSON.stringify(Object.entries(one.metadata).sort()));
  const expected = new Map<string, string>();
  for (const one of model.documents) {
    if (one.state !== 'gone') expected.set(keyOf(one), describeModel(one));
  }
  const faults: string[] = [];
  for (const row of rows) {
    const key = keyOf(row);
    const wanted = expected.get(key);
    if (wanted === undefined)
      faults.push(`${key} is there and was ${model.deletions.size > 0 ? 'deleted or ' : ''}never acknowledged`);
    else if (wanted !== describe(row)) faults.push(`${key} is ${describe(row)} and was acknowledged as ${wanted}`);
    expected.delete(key);
  }
  for (const key of expected.keys()) faults.push(`${key} was acknowledged and is not there`);
  return faults;
}

function keyOf({ tenant, collection, externalId }: { tenant: string; collection: string; externalId: string }): string {
  return `${tenant}/${collection}/${externalId}`;
}

function describeModel({ id, version, state, title, body, metadata }: ModelDocument): string {
  const hash = hashOf(title, body, JSON.stringify(Object.entries(metadata).sort()));
  return `${id} version ${version} ${state} ${hash}`;
}

/** One row for each mutation that changed something: neither lost nor done twice. */
async function compareAudit(superuser: pg.Client, { audited }: Model): Promise<string[]> {
  const { rows } = await superuser.query<{ key: string; count: number }>(
    `select tenant_id || ' ' || action as key, count(*)::int as count from tessera.audit_log group by 1`,
  );
  const stored = new Map(rows.map(({ key, count }) => [key, count]));
  return [...new Set([...stored.keys(), ...audited.keys()])].flatMap((key) => {
    const [found, wanted] = [stored.get(key) ?? 0, audited.get(key) ?? 0];
    return found === wanted ? [] : [`the audit log has ${found} of ${key}, and ${wanted} were acknowledged`];
  });
}

/** Embeds every chunk anew. @returns how many are stored, and sentences about those that another text was embedded for. */
export async function findStaleVectors(
  superuser: pg.Client,
  embedder: Embedder,
): Promise<{ vectors: number; faults: string[] }> {
  const { rows } = await superuser.query<{ id: string; text: string; vector: string }>(
    `select c.id, c.context || E'\\n' || c.text as text, e.full_vector::text as vector
     from tessera.chunks c join tessera.embeddings e on (e.tenant_id, e.chunk_id) = (c.tenant_id, c.id)`,
  );
  const vectors = await embedder.embed(
    rows.map(({ text }) => text),
    { purpose: 'document' },
  );
  const faults = rows.flatMap(({ id, vector }, index) => {
    const stored = JSON.parse(vector) as number[];
    const score = stored.reduce((sum, component, place) => sum + component * (vectors[index]?.[place] ?? 0), 0);
    return score > 0.9999 ? [] : [`the vector of chunk ${id} is of another text (score ${score.toFixed(4)})`];
  });
  return { vectors: rows.length, faults };
}
