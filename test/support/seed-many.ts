import { createHash } from 'node:crypto';
import pg from 'pg';
import { createRandom } from '../../bench/random.ts';
import { type BinaryRow, copyBinary, shortField } from '../../src/db/copy-binary.ts';
import { halfvecParameter, vectorParameter } from '../../src/db/vector-parameter.ts';
import { normaliseVector } from '../../src/vector.ts';

/** Components of the vectors that are made here: as few as a model may have, because they are many. */
export const manyDimensions = 256;
const topics = 100;
const tables = ['documents', 'chunks', 'embeddings'];

/**
 * Fills tenants with documents of one chunk and one vector each, in ten collections, past every policy and the foreign
 * keys: 50,000 take some 10 s, most of it for the weights of the words. Vectors lie around 100 topics. The same names and
 * sizes give the same rows.
 * @param url a superuser's.
 * @returns the model's id.
 */
export async function seedMany(url: string, sizes: Readonly<Record<string, number>>): Promise<number> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query('set search_path = tessera, public; set session_replication_role = replica');
    const { rows } = await client.query<{ id: number }>(
      'insert into models (name, dimensions) values ($1, $2) returning id',
      ['many-256', manyDimensions],
    );
    const modelId = rows[0]?.id ?? 0;
    // An analyze in the background would hold a snapshot, and this vacuum could then not mark the rows as visible to all.
    for (const table of tables) await client.query(`alter table ${table} set (autovacuum_enabled = off)`);
    for (const [tenantId, chunks] of Object.entries(sizes)) await seedTenant(client, tenantId, chunks, modelId);
    // What was inserted is told to the statistics within a second, and must not be told after the vacuum has counted it.
    await client.query('select pg_stat_force_next_flush()');
    for (const table of tables) {
      await client.query(`vacuum analyze ${table}`);
      await client.query(`alter table ${table} reset (autovacuum_enabled)`);
    }
    return modelId;
  } finally {
    await client.end();
  }
}

async function seedTenant(client: pg.Client, tenantId: string, chunks: number, modelId: number): Promise<void> {
  await client.query('insert into tenants (id) values ($1)', [tenantId]);
  await client.query('insert into tenant_models (tenant_id, model_id) values ($1, $2)', [tenantId, modelId]);
  const columns = '(tenant_id, model_id, chunk_id, document_id, coarse, full_vector, dimensions)';
  await copyBinary(client, `embeddings ${columns}`, vectorRows(tenantId, chunks, modelId));
  await client.query('select setseed(0.5)');
  await client.query(
    `insert into documents (tenant_id, id, collection, external_id, title, body, content_hash)
     select $1, md5($1 || i)::uuid, 'c' || (i % 10), 'd' || i, title, body, ${hashOf('title', 'body', `'english'`)}
     from (
       select i, 'Title ' || i as title,
         (select string_agg('word' || (random() * random() * 3000)::int, ' ') from generate_series(1, 20) g where i > 0) as body
       from generate_series(1, $2::int) i
       offset 0
     ) texts`,
    [tenantId, chunks],
  );
  await client.query(
    `insert into chunks (tenant_id, id, document_id, ordinal, context, text, start_offset, end_offset, language, content_hash)
     select tenant_id, id, id, 0, title, body, 0, length(body), 'english', ${hashOf('title', 'body')}
     from documents where tenant_id = $1`,
    [tenantId],
  );
}

/** As ingest computes it, of texts without anything beyond 16 bits. */
function hashOf(...texts: readonly string[]): string {
  return `sha256(convert_to(${texts.map((text) => `length(${text}) || ':' || ${text}`).join(' || ')}, 'UTF8'))`;
}

function* vectorRows(tenantId: string, chunks: number, modelId: number): Iterable<BinaryRow> {
  const random = createRandom(chunks);
  const noise = () => Float32Array.from({ length: manyDimensions }, () => random.bell());
  const centres = Array.from({ length: topics }, noise);
  const tenant = Buffer.from(tenantId);
  for (let index = 1; index <= chunks; index++) {
    const centre = centres[index % topics] as Float32Array;
    const full = normaliseVector(noise().map((value, component) => value + (centre[component] ?? 0)));
    const id = createHash('md5').update(`${tenantId}${index}`).digest();
    yield [
      tenant,
      shortField(modelId),
      id,
      id,
      halfvecParameter(full),
      vectorParameter(full),
      shortField(manyDimensions),
    ];
  }
}
