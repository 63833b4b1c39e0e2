import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseTenantId } from '../../src/ids.ts';
import { listJobs } from '../../src/ingest/read-jobs.ts';
import { addCandidate } from '../../src/models/change-roles.ts';
import { fillModels } from '../../src/worker/fill-models.ts';
import { describeServer, openTestDatabase, type TestDatabase } from '../support/database.ts';
import { principalOf } from '../support/principal.ts';
import { seedTenant } from '../support/seed.ts';

const operator = principalOf('operator', { scopes: ['operator'] });
const alpha = parseTenantId('alpha');
const chunks = 2_500;

describeServer('the job by which a filling is followed', () => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await openTestDatabase();
    await seedTenant(db.owner, 'alpha', chunks);
  });
  afterAll(() => db.close());

  test('is a job of all chunks from the first step on, and runs until all were looked at', async () => {
    const { rows } = await db.owner.query(
      `insert into tessera.models (name, dimensions) values ('next', 256) returning id`,
    );
    const nextId: number = rows[0]?.id;
    await addCandidate({ database: db.database }, operator, alpha, nextId);
    const step = async () => {
      const stopping = new AbortController();
      await fillModels(db.worker, stopping.signal, () => stopping.abort());
      const [job] = await listJobs({ database: db.database }, principalOf('alpha'), 10);
      return job && [job.status, job.total, job.done];
    };
    // Workers may be quicker than what looks for chunks.
    const embedQueued = () =>
      db.owner.query(`with done as (
        delete from tessera.embedding_jobs where tenant_id = 'alpha' and model_id = ${nextId} returning job_id
      ) update tessera.jobs set done = done + (select count(*) from done) where id = (select job_id from done limit 1)`);
    expect(await step()).toEqual(['RUNNING', chunks, 0]);
    await embedQueued();
    const [job] = await listJobs({ database: db.database }, principalOf('alpha'), 10);
    expect(job).toMatchObject({ status: 'RUNNING', total: chunks, done: 1_000, secondsLeft: expect.any(Number) });
    // Of those that are still to come, some go.
    await db.owner.query(`delete from tessera.chunks where id in (
      select id from tessera.chunks where tenant_id = 'alpha' order by id desc limit 100)`);
    expect(await step()).toEqual(['RUNNING', chunks, 1_000]);
    await embedQueued();
    expect(await step()).toEqual(['RUNNING', chunks - 100, 2_000]);
    await embedQueued();
    expect(await step()).toEqual(['FINISHED', chunks - 100, chunks - 100]);
  }, 60_000);
});
