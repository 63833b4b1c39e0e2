import { afterAll, beforeAll, expect, test } from 'vitest';
import { transact } from '../../src/db/database.ts';
import { planOnceStatements } from '../../src/db/plan-once.ts';
import { workerScope } from '../../src/db/scope.ts';
import { type DocumentId, parseTenantId } from '../../src/ids.ts';
import { deleteStandInsStatement, lockEditedDocumentsStatement } from '../../src/worker/vector-statements.ts';
import { describeServer, openTestDatabase, type TestDatabase } from '../support/database.ts';
import { statement } from '../support/statement.ts';

const growing = parseTenantId('growing');

/** Vectors of a tenant of which nothing was gathered yet, as while it is loaded. */
const load = `
  set local session_replication_role = replica;
  insert into tessera.models (name, dimensions) values ('static-en-512', 256);
  insert into tessera.tenants (id) values ('growing');
  insert into tessera.embeddings (tenant_id, model_id, chunk_id, document_id, coarse, full_vector, dimensions)
    select 'growing', 1, gen_random_uuid(), gen_random_uuid(), one.v::halfvec(256), one.v, 256
    from generate_series(1, 5000), (select l2_normalize(array_fill(1, array[256])::vector) as v) one`;

describeServer('vectors that stand in for others, of a tenant that grows', () => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await openTestDatabase();
    await db.owner.query('alter table tessera.embeddings set (autovacuum_enabled = false)');
    await db.owner.query(load);
  });
  afterAll(() => db.close());

  const documents = Array.from({ length: 1_000 }, () => crypto.randomUUID() as DocumentId);
  test.each([
    ['deleted', deleteStandInsStatement],
    ['locked', lockEditedDocumentsStatement],
  ])('are %s without a look at the others, planned for this tenant or once', async (_, build) => {
    const { sql: text, parameters } = build(growing, 1, documents).compile();
    const values = parameters.map((value) => (Array.isArray(value) ? `'{${value.join(',')}}'` : `'${value}'`));
    const plans = await transact(db.worker, workerScope(growing), async (execute) => {
      await execute(statement(`prepare asked as ${text}`));
      const explain = statement<{ 'QUERY PLAN': string }>(`explain (costs off) execute asked (${values.join(', ')})`);
      const forTenant = await execute(explain);
      for (const setting of planOnceStatements()) await execute(setting);
      const once = await execute(explain);
      await execute(statement('deallocate asked'));
      return [forTenant, once].map((lines) => lines.map((line) => line['QUERY PLAN']).join('\n'));
    });
    for (const plan of plans) {
      expect(plan).toContain('embeddings_stand_ins');
      expect(plan).not.toMatch(/embeddings_(pkey|exact)/);
    }
  });
});
