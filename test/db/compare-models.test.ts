import { afterAll, beforeAll, expect, test } from 'vitest';
import { halfvecParameter, vectorParameter } from '../../src/db/vector-parameter.ts';
import { parseTenantId } from '../../src/ids.ts';
import { type ComparedModel, compareModels } from '../../src/recall/compare-models.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';

const tenantId = parseTenantId('alpha');
const passages = 12;
/** Cosines of the passages with any query, by the model: the second finds all alike 0.2 farther off, and the last two nearest of all. */
const cosines = {
  one: (i: number) => 0.9 - 0.05 * i,
  two: (i: number) => (i < passages - 2 ? 0.7 - 0.05 * i : 0.95 + 0.001 * i),
};
const dimensions = 256;
let db: TestDatabase;
const models: Record<string, ComparedModel> = {};

/** Unit length, with this cosine to the query, and away from every other passage. */
function vectorAt(cosine: number, i: number): Float32Array {
  const vector = new Float32Array(dimensions);
  vector[0] = cosine;
  vector[1 + i] = Math.sqrt(1 - cosine ** 2);
  return vector;
}

beforeAll(async () => {
  db = await openTestDatabase();
  await db.owner.query(`insert into tenants (id) values ('alpha')`);
  const document = '00000000-0000-4000-8000-000000000000';
  await db.owner.query(
    `insert into documents (tenant_id, id, collection, title, body, content_hash) values ('alpha', $1, 'notes', '', '', sha256('x'))`,
    [document],
  );
  const chunkIds = Array.from({ length: passages }, (_, i) => `00000000-0000-4000-8000-0000000000${i + 10}`);
  for (const [i, id] of chunkIds.entries())
    await db.owner.query(
      `insert into chunks (tenant_id, id, document_id, ordinal, context, text, start_offset, end_offset, language, content_hash)
       values ('alpha', $1, $2, $3, '', 'text', 0, 4, 'english', sha256('x'))`,
      [id, document, i],
    );
  for (const name of ['one', 'two'] as const) {
    const { rows } = await db.owner.query<{ id: number }>(
      'insert into models (name, dimensions) values ($1, $2) returning id',
      [name, dimensions],
    );
    const modelId = rows[0]?.id ?? 0;
    await db.owner.query(`insert into tenant_models (tenant_id, model_id, role) values ('alpha', $1, $2)`, [
      modelId,
      name === 'one' ? 'active' : 'candidate',
    ]);
    for (const [i, id] of chunkIds.entries()) {
      const vector = vectorAt(cosines[name](i), i);
      await db.owner.query(
        `insert into embeddings (tenant_id, model_id, chunk_id, document_id, coarse, full_vector, dimensions)
         values ('alpha', $1, $2, $3, $4::halfvec, $5::vector, $6)`,
        [modelId, id, document, halfvecParameter(vector), vectorParameter(vector), dimensions],
      );
    }
    const query = vectorAt(1, 0);
    models[name] = {
      modelId,
      embedder: { embed: async (texts) => texts.map((text) => (text === 'unknown' ? null : query)) },
    };
  }
});
afterAll(() => db.close());

test('two models whose scores are known are compared with just these figures', async () => {
  const { one, two } = models as Record<string, ComparedModel>;
  const pair = [one, two] as [ComparedModel, ComparedModel];
  const compared = await compareModels(db.database, tenantId, pair, ['a', 'b', 'c', 'unknown'], { minScores: [0.62] });
  // The first has 0 to 9, 0.9 down to 0.45; the second 11, 10 and then 0 to 7, 0.7 down to 0.35.
  const close = (value: number) => expect.closeTo(value, 5);
  expect(compared).toMatchObject({ queries: 4, overlapAt10: close(0.8), sameFirst: 0 });
  expect(compared.figures).toMatchObject([
    { bestMean: close(0.9), bestDeviation: close(0), firstFoundByOther: 1, unanswered: 1 },
    { bestMean: close(0.961), bestDeviation: close(0), firstFoundByOther: 0, unanswered: 1 },
  ]);
  const always = (value: number) => ({ mean: close(value), median: close(value), p5: close(value), p95: close(value) });
  expect(compared.shifts).toEqual({ best: always(0.061), common: always(-0.2) });
  // Six of ten hits have 0.62 of the first: 0.9 to 0.65. Of the second six are 0.961, 0.96, 0.7, 0.65, 0.6 and 0.55.
  expect(compared.minScores.find(({ from }) => from === 0.62)).toEqual({
    from: 0.62,
    passing: close(0.6),
    to: close(0.525),
  });
  for (const { p50Ms, p95Ms, embedP50Ms } of compared.figures) {
    expect(p95Ms).toBeGreaterThanOrEqual(p50Ms);
    expect(p50Ms).toBeGreaterThan(embedP50Ms);
  }
});
