import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { reconcile } from '../../src/drift/reconcile.ts';
import { parseTenantId } from '../../src/ids.ts';
import { driftDeps } from '../support/drift-deps.ts';
import { driftFaults, harmPastPolicies } from '../support/drift-faults.ts';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';
import { type Client, openClient } from '../support/operations.ts';

const tenant = parseTenantId('alpha');
const other = parseTenantId('beta');

let gateway: TestGateway;
let client: Client;

beforeAll(async () => {
  gateway = await openTestGateway();
  client = await openClient(gateway, tenant);
  for (const one of [tenant, other]) {
    await gateway.upsert(
      one,
      Array.from({ length: 12 }, (_, i) => ({
        externalId: `d${i}`,
        collection: 'c',
        title: `Lamp ${i}`,
        body: `The lamp number ${i} stands in the window and is lit at ${i} in the evening.`,
      })),
    );
  }
  await gateway.embedAll();
});
afterAll(() => gateway.close());

const look = (mend: boolean, who = tenant) => reconcile(driftDeps(gateway), who, { mend });

async function scoreOf(externalId: string, text: string): Promise<number> {
  const { edges } = await client.search({ text, mode: 'SEMANTIC' }, { first: 50 });
  return edges.find(({ node }) => node.externalId === externalId)?.scores.vector ?? 0;
}

async function readChunks(externalId: string) {
  const { rows } = await gateway.db.owner.query<{ id: string; text: string; start: number; end: number }>(
    `select c.id, c.text, start_offset as start, end_offset as end
     from tessera.chunks c join tessera.documents d on d.tenant_id = c.tenant_id and d.id = c.document_id
     where c.tenant_id = '${tenant}' and d.external_id = '${externalId}' order by ordinal`,
  );
  return rows;
}

const harm = (statement: string) => harmPastPolicies(gateway.db.owner, statement);
const faults = driftFaults(tenant);

describe('reconcile', () => {
  test('finds nothing where writes and worker did it all', async () => {
    expect(await look(false)).toEqual([]);
    expect(await look(false, other)).toEqual([]);
  });

  test.each(faults)('finds what is %s, and mends it', async (kind, count, statement) => {
    await harm(statement);
    expect(await look(false)).toEqual([{ kind, count, since: expect.any(Date) }]);
    expect(await look(false)).toHaveLength(1);
    expect(await look(true)).toEqual([{ kind, count, since: expect.any(Date) }]);
    await gateway.embedAll();
    expect(await look(false)).toEqual([]);
    const { rows } = await gateway.db.owner.query(
      `select count(*)::int as vectors, (select count(*)::int from tessera.embedding_jobs) as jobs
       from tessera.embeddings where tenant_id = '${tenant}'`,
    );
    expect(rows).toEqual([{ vectors: 12, jobs: 0 }]);
  });

  // The table's own checks keep both out, whoever writes; a table that was restored without them does not.
  test.each([
    [
      'is not of unit length',
      'embeddings_full_vector_check',
      `update tessera.embeddings set full_vector = (select array_agg(c * 1.01)::vector from unnest(full_vector::real[]) c)`,
    ],
    [
      'has a coarse part that is not of unit length',
      'embeddings_coarse_check',
      `update tessera.embeddings set coarse = (select array_agg(c * 1.02)::halfvec(256) from unnest(coarse::real[]) c)`,
    ],
    [
      'has other components than its model',
      'embeddings_check',
      `update tessera.embeddings set full_vector = l2_normalize(subvector(full_vector, 1, 500))`,
    ],
  ])('finds a vector that %s, and mends it', async (_, constraint, statement) => {
    const { rows } = await gateway.db.owner.query<{ definition: string }>(
      `select pg_get_constraintdef(oid) as definition from pg_constraint where conname = '${constraint}'`,
    );
    await gateway.db.owner.query(`alter table tessera.embeddings drop constraint ${constraint}`);
    try {
      await harm(`${statement} where (tenant_id, chunk_id) in (
        select tenant_id, id from tessera.chunks where tenant_id = '${tenant}' order by id limit 3)`);
      expect(await look(true)).toEqual([{ kind: 'malformed', count: 3, since: expect.any(Date) }]);
      await gateway.embedAll();
      expect(await look(false)).toEqual([]);
    } finally {
      await gateway.db.owner.query(
        `alter table tessera.embeddings add constraint ${constraint} ${rows[0]?.definition ?? ''}`,
      );
    }
  });

  test('has an altered chunk say again what its document says, with the vector of that', async () => {
    const [stored] = await readChunks('d3');
    const before = await scoreOf('d3', 'lamp number 3');
    await harm(`update tessera.chunks set text = 'A kettle whistles on the stove.' where id = '${stored?.id}'`);
    await look(true);
    const [waiting] = await readChunks('d3');
    expect(waiting).toEqual({ ...stored, id: expect.any(String) });
    // The vector that it had answers until its own is there, which is the same.
    expect(await scoreOf('d3', 'lamp number 3')).toBeCloseTo(before, 4);
    await gateway.embedAll();
    expect(await scoreOf('d3', 'lamp number 3')).toBeCloseTo(before, 4);
    expect(await look(false)).toEqual([]);
  });

  test('embeds what was altered in a document and in its chunk alike, which stays what it is', async () => {
    const [stored] = await readChunks('d4');
    const text = 'A kettle whistles on the stove.';
    await harm(`update tessera.chunks set text = '${text}', end_offset = ${text.length} where id = '${stored?.id}';
      update tessera.documents set body = '${text}' where tenant_id = '${tenant}' and external_id = 'd4'`);
    const before = await scoreOf('d4', 'a whistling kettle on a stove');
    await look(true);
    expect(await readChunks('d4')).toEqual([{ id: stored?.id, text, start: 0, end: text.length }]);
    await gateway.embedAll();
    expect(await scoreOf('d4', 'a whistling kettle on a stove')).toBeGreaterThan(before + 0.2);
    expect(await look(false)).toEqual([]);
  });

  test('touches one tenant only', async () => {
    await harm(`delete from tessera.embeddings where tenant_id in ('${tenant}', '${other}')`);
    await look(true);
    await gateway.embedAll();
    expect(await look(false)).toEqual([]);
    expect(await look(false, other)).toEqual([{ kind: 'missing', count: 12, since: expect.any(Date) }]);
  });
});
