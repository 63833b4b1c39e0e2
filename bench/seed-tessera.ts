import type pg from 'pg';
import { copyBinary } from '../src/db/copy-binary.ts';
import { openPool } from '../src/db/open-pool.ts';
import { parseTenantId } from '../src/ids.ts';
import { reviewTiers } from '../src/tiers/review-tiers.ts';
import { refreshTermStats } from '../src/worker/refresh-term-stats.ts';
import { type BenchDatabase, withClient } from './bench-server.ts';
import { corpusTargets, createCorpus } from './corpus.ts';
import type { SizeClass } from './size-classes.ts';
import { dimensions } from './vector-source.ts';

/** Name of the model that the vectors are of. */
export const benchModel = 'bench-1536';

/**
 * Fills a migrated database and brings it to the state in which it is served: counted, indexed by tier, vacuumed.
 * @returns the id of the model.
 */
export async function seedTessera(database: BenchDatabase, classes: readonly SizeClass[]): Promise<number> {
  const corpus = createCorpus(classes);
  const modelId = await withClient(database.superuser, (superuser) => seedTenants(superuser, classes));
  // Foreign keys hold by construction, so their triggers are left out; both big tables are written at once.
  const copying = (work: (client: pg.Client) => Promise<void>) =>
    withClient(database.superuser, async (client) => {
      await client.query('set session_replication_role = replica; set search_path = tessera, public');
      await work(client);
    });
  await Promise.all([
    copying(async (client) => {
      await copyBinary(client, corpusTargets.documents, corpus.documents());
      await copyBinary(client, corpusTargets.chunks, corpus.chunks());
    }),
    copying((client) => copyBinary(client, corpusTargets.embeddings, corpus.embeddings(modelId))),
  ]);
  await withClient(database.superuser, async (superuser) => {
    for (const table of ['documents', 'chunks', 'embeddings']) await superuser.query(`vacuum analyze tessera.${table}`);
  });
  await countTerms(database, classes);
  await buildTiers(database);
  await withClient(database.superuser, (superuser) => superuser.query('checkpoint'));
  return modelId;
}

async function seedTenants(superuser: pg.Client, classes: readonly SizeClass[]): Promise<number> {
  const ids = classes.flatMap(({ tenants }) => tenants.map(({ id }) => id));
  const { rows } = await superuser.query<{ id: number }>(
    'insert into tessera.models (name, dimensions) values ($1, $2) returning id',
    [benchModel, dimensions],
  );
  const modelId = rows[0]?.id ?? 0;
  await superuser.query('insert into tessera.tenants (id) select unnest($1::text[])', [ids]);
  await superuser.query(
    'insert into tessera.tenant_models (tenant_id, model_id) select unnest($1::text[]), $2::smallint',
    [ids, modelId],
  );
  return modelId;
}

/** Document frequencies, of the tenants that are searched. */
async function countTerms(database: BenchDatabase, classes: readonly SizeClass[]): Promise<void> {
  const worker = await openPool({ url: database.worker, size: 1, statementTimeoutMs: 600_000, onIdleError: () => {} });
  try {
    for (const { tenants } of classes) {
      for (const { id } of tenants.slice(0, 10)) await refreshTermStats(worker, parseTenantId(id));
    }
  } finally {
    await worker.close();
  }
  await withClient(database.superuser, (superuser) => superuser.query('vacuum analyze tessera.term_stats'));
}

async function buildTiers(database: BenchDatabase): Promise<void> {
  const owner = await openPool({ url: database.owner, size: 3, statementTimeoutMs: 3_600_000, onIdleError: () => {} });
  try {
    const { failures } = await reviewTiers(owner);
    if (failures.length > 0) throw new Error('A graph could not be built.', { cause: failures[0]?.error });
  } finally {
    await owner.close();
  }
}
