import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { tenantStrategies, workerStrategies } from '../../src/cli/doctor/strategies.ts';
import { sqlBuilder } from '../../src/db/compile.ts';
import { openPool } from '../../src/db/open-pool.ts';
import type { Query } from '../../src/db/query.ts';
import { readAsTenant } from '../../src/db/tenant.ts';
import { expectedPlans } from '../../src/doctor/expected-plans.ts';
import { checkStrategy, explainStrategy } from '../../src/doctor/explain-strategy.ts';
import { checkPlan } from '../../src/doctor/plan-expectation.ts';
import { type DocumentId, parseTenantId } from '../../src/ids.ts';
import { exampleOperands } from '../../src/search/example-stage.ts';
import { preparedReportedSearchStatement } from '../../src/search/search-template.ts';
import { reviewTiers } from '../../src/tiers/review-tiers.ts';
import { describeServer, openTestDatabase, type TestDatabase } from '../support/database.ts';
import { principalOf } from '../support/principal.ts';
import { manyDimensions, seedMany } from '../support/seed-many.ts';

const sizes = { small: 100, middle: 5_000, large: 50_000 };
const waitingJobs = 20_000;
const target = (tenant: string) => ({
  tenantId: parseTenantId(tenant),
  modelId: 1,
  dimensions: manyDimensions,
  tier: tenant === 'large' ? ('hnsw' as const) : ('exact' as const),
  words: 'word10 word20',
  collection: 'c3',
});
const strategies = Object.keys(sizes).flatMap((tenant) =>
  tenantStrategies(target(tenant)).map((asked) => [tenant, asked.strategy, asked] as const),
);

describeServer(
  'the plan, as the gateway under row-level security with tenants of 100, 5,000 and 50,000 chunks,',
  () => {
    let db: TestDatabase;

    beforeAll(async () => {
      db = await openTestDatabase({ statementTimeoutMs: 60_000 });
      await seedMany(db.urls.superuser, sizes);
      await db.owner.query(
        `insert into tessera.embedding_jobs (tenant_id, model_id, chunk_id)
       select tenant_id, 1, id from tessera.chunks where tenant_id = 'large' limit ${waitingJobs}`,
      );
      await db.owner.query('vacuum analyze tessera.embedding_jobs');
      const owner = await openPool({ url: db.urls.owner, size: 3, statementTimeoutMs: 20_000, onIdleError: () => {} });
      await reviewTiers(owner);
      await owner.close();
    });
    afterAll(() => db.close());

    const circumstances = async (tenant?: keyof typeof sizes) => {
      const { rows } = await db.owner.query<{ name: string; pages: number }>(
        `select relname as name, relpages as pages from pg_class where relnamespace = 'tessera'::regnamespace and relkind = 'r'`,
      );
      return {
        pages: new Map(rows.map(({ name, pages }) => [name, pages])),
        heapFetchShare: 0,
        ...(tenant && { tenantRows: sizes[tenant] }),
      };
    };

    test.each(strategies)('for a %s tenant is the expected one: %s', async (tenant, _, asked) => {
      expect(await checkStrategy(db.database, asked, await circumstances(tenant as keyof typeof sizes))).toEqual([]);
    });

    test('for a worker that claims jobs is the expected one', async () => {
      for (const asked of workerStrategies(1))
        expect(await checkStrategy(db.worker, asked, await circumstances())).toEqual([]);
    });

    test.each(['small', 'middle', 'large'] as const)(
      'for what is like a document of a %s tenant is that of a search by vector, alone and as one of many',
      async (tenant) => {
        const { tenantId, modelId, tier } = target(tenant);
        const [{ settings } = {}] = tenantStrategies(target(tenant)).map(({ scope }) => scope);
        const scope = { role: 'tessera_reader', tenantId, subject: 'somebody', ...(settings && { settings }) } as const;
        const { rows: documents } = await db.owner.query<{ id: DocumentId }>(
          'select id from tessera.documents where tenant_id = $1 order by id limit 3',
          [tenantId],
        );
        const queries = documents.map(({ id }) =>
          preparedReportedSearchStatement(tenantId, {
            modelId,
            semantic: {
              ...{ modelId, ...exampleOperands({ documentId: id }) },
              depth: { kind: 'two-stage', candidates: 100 },
            },
            fusion: { method: 'RECIPROCAL_RANK', keywordWeight: 2, semanticWeight: 1, rankConstant: 60 },
            selection: { filter: {}, exceptChunks: [] },
            ...{ groupBy: 'DOCUMENT', withVectors: false, reports: true, seen: [], limit: 11 },
          }).compile(),
        ) as Query[];
        const together = queries[0]?.merge?.query(queries) as Query;
        for (const query of [queries[0] as Query, together]) {
          const asked = {
            ...{ strategy: `semantic, ${tier} tier` as const, scope, run: true },
            statement: { compile: () => query },
          } as const;
          expect(await checkStrategy(db.database, asked, await circumstances(tenant))).toEqual([]);
        }
      },
    );

    test('is asked for by every strategy that has an expectation', () => {
      const asked = new Set([
        ...strategies.map(([, strategy]) => strategy),
        ...workerStrategies(1).map((one) => one.strategy),
      ]);
      expect([...asked].sort()).toEqual(Object.keys(expectedPlans).sort());
    });

    test('is found to be wrong in the form of most guides: no predicate, and a policy that hides the tenant', async () => {
      const statement = sqlBuilder
        .selectFrom('embeddings')
        .select('chunk_id')
        .where('model_id', '=', 1)
        .orderBy(sql`coarse <#> coarse`)
        .limit(100);
      const alter = (tenant: string) =>
        db.owner.query(`alter policy reader_reads on tessera.embeddings using (tenant_id = ${tenant})`);
      await alter('(select tessera.current_tenant())');
      try {
        // Whose rows are not seen is taken for a two-hundredth of the table, which is not far from the small one.
        for (const tenant of ['middle', 'large']) {
          const [asked] = tenantStrategies(target(tenant));
          const plan = await explainStrategy(db.database, { ...asked!, statement });
          const [covering] = expectedPlans['semantic, exact tier'].scans;
          expect(checkPlan(plan, { scans: [covering] }, await circumstances()), tenant).not.toEqual([]);
        }
      } finally {
        await alter('tessera.current_tenant()');
      }
    });

    test.each([
      ['embeddings_exact', 'middle', 'semantic, exact tier', 'index'],
      ['chunks_terms', 'middle', 'keyword', 'index'],
      ['documents_by_collection', 'large', 'page of a collection', 'index'],
    ])('is found to be wrong without the index %s', async (index, tenant, strategy, kind) => {
      const asked = tenantStrategies(target(tenant)).find((one) => one.strategy === strategy)!;
      // Hidden from the planner and not dropped, so that the next test finds it again.
      const hide = (valid: boolean) =>
        db.owner.query(`update pg_index set indisvalid = ${valid} where indexrelid = 'tessera.${index}'::regclass`);
      await hide(false);
      try {
        const deviations = await checkStrategy(db.database, asked, await circumstances());
        expect(deviations.map((one) => one.kind)).toContain(kind);
      } finally {
        await hide(true);
      }
      expect(await checkStrategy(db.database, asked, await circumstances())).toEqual([]);
    });

    test('returns as many hits as the data allow under a filter that one document in ten passes', async () => {
      const filtered = tenantStrategies(target('small')).find((one) => one.strategy === 'filtered by collection')!;
      const rows = await readAsTenant(db.database, principalOf('small'), filtered.statement);
      expect(rows).toHaveLength(10);
      expect((rows as { collection: string }[]).every((row) => row.collection === 'c3')).toBe(true);
    });
  },
);
