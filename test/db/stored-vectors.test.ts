import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';

/** A row without its foreign keys. */
const insertOne = `
  with made as (select l2_normalize(array_agg(random() - 0.5)::real[]::vector) as v from generate_series(1, $1))
  insert into tessera.embeddings (tenant_id, model_id, chunk_id, document_id, coarse, full_vector, dimensions)
    select 'a-tenant', 1, gen_random_uuid(), gen_random_uuid(), l2_normalize(subvector(v, 1, 256))::halfvec(256), v, $1
    from made`;

describe('where full vectors are stored', () => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await openTestDatabase();
  });
  afterAll(() => db.close());

  test.each([
    [256, true],
    [512, true],
    [1_024, true],
    [1_536, true],
    [1_850, true],
    [1_950, false],
    [3_072, false],
  ])('of %i components: in the row, %s', async (dimensions, isInRow) => {
    const stored = await db.whatIf(async (superuser) => {
      await superuser.query('set local session_replication_role = replica');
      await superuser.query(insertOne, [dimensions]);
      const where = 'select pg_column_toast_chunk_id(full_vector) is null as "isInRow" from tessera.embeddings';
      return (await superuser.query<{ isInRow: boolean }>(where)).rows;
    });
    expect(stored).toEqual([{ isInRow }]);
  });
});
