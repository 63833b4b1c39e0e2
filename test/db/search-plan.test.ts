import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tenantStrategies, workerStrategies } from '../../src/cli/doctor/strategies.ts';
import { sqlBuilder } from '../../src/db/compile.ts';
import { type Database, readInFlight } from '../../src/db/database.ts';
import { openPool } from '../../src/db/open-pool.ts';
import type { Query } from '../../src/db/query.ts';
import { operatorScope } from '../../src/db/scope.ts';
import { readAsTenant } from '../../src/db/tenant.ts';
import { checkPlan } from '../../src/doctor/check-plan.ts';
import { checkStrategy, explainStrategy, type StrategyStatement } from '../../src/doctor/explain-strategy.ts';
import { sampleDocumentStatement, tablesStatement } from '../../src/doctor/fact-statements.ts';
import type { PlanCircumstances } from '../../src/doctor/plan-expectation.ts';
import { type DocumentId, parseTenantId } from '../../src/ids.ts';
import { describeServer, openTestDatabase, type TestDatabase } from '../support/database.ts';
import { principalOf } from '../support/principal.ts';
import { manyDimensions } from '../support/seed-many.ts';
import { type StrategyTenant, seedStrategies, strategySizes } from '../support/seed-strategies.ts';

const waitingJobs = 20_000;

/** Who searches, and how the gateway then looks: these lists say which statements are sent, and by which way. */
const readers: Record<string, { tenant: StrategyTenant; groups?: string[]; ways: string[] }> = {
  small: { tenant: 'small', ways: exactWays() },
  middle: { tenant: 'middle', ways: exactWays() },
  'guarded, who may see little,': { tenant: 'guarded', ways: guardedWays() },
  'guarded, who may see all,': { tenant: 'guarded', groups: ['staff'], ways: guardedWays() },
  large: {
    tenant: 'large',
    ways: [
      'semantic, graph',
      'by chunk, graph',
      'deep page, covering index',
      'fading with age, graph',
      'recall EXACT, every vector',
      'keyword, words by index',
      'keyword EXACT, words in every chunk',
      'common words, words in every chunk',
      'hybrid, graph, words by index',
      'phrase, counted, words by index',
      'of all dates, counted',
      'like a document, graph',
      'of a collection, counted',
      'keyword of a collection, words by index',
      'by attribute, counted',
    ],
  },
};

function exactWays(): string[] {
  return [
    'semantic, covering index, planned once',
    'by chunk, covering index, planned once',
    'deep page, covering index',
    'fading with age, covering index',
    'recall EXACT, every vector',
    'keyword, words in every chunk, planned once',
    'keyword EXACT, words in every chunk',
    'common words, words in every chunk, planned once',
    'hybrid, covering index, words in every chunk, planned once',
    'phrase, covering index, words in every chunk',
    'of all dates, covering index',
    'like a document, covering index',
    'of a collection, covering index',
    'keyword of a collection, words in every chunk',
    'by attribute, covering index',
  ];
}

function guardedWays(): string[] {
  return [
    'semantic, counted',
    'by chunk, counted',
    'deep page, covering index',
    'fading with age, counted',
    'recall EXACT, every vector',
    'keyword, words in every chunk',
    'keyword EXACT, words in every chunk',
    'common words, words in every chunk',
    'hybrid, counted, words in every chunk',
    'phrase, counted, words in every chunk',
    'of all dates, counted',
    'like a document, counted',
    'of a collection, counted',
    'keyword of a collection, words in every chunk',
    'by attribute, counted',
  ];
}

const otherWays = [
  'documents by id',
  'bodies by id',
  'page of documents',
  'page of a collection',
  'passages',
  'highlights',
];

describeServer(
  'the plan, as the gateway under row-level security with tenants of 100, 5,000 and 50,000 chunks, and one with access lists,',
  () => {
    let db: TestDatabase;

    beforeAll(async () => {
      db = await openTestDatabase({ statementTimeoutMs: 60_000 });
      await seedStrategies(db);
      await db.owner.query(
        `insert into tessera.embedding_jobs (tenant_id, model_id, chunk_id)
       select tenant_id, 1, id from tessera.chunks where tenant_id = 'large' limit ${waitingJobs}`,
      );
      await db.owner.query('vacuum analyze tessera.embedding_jobs');
    }, 300_000);
    afterAll(() => db.close());

    const circumstances = async (tenant?: StrategyTenant): Promise<PlanCircumstances> => {
      const [tables] = await readInFlight(db.database, operatorScope, [tablesStatement()]);
      return {
        pages: new Map(tables.map(({ name, pagesNow }) => [name, pagesNow])),
        rows: new Map(tables.map(({ name, plannedRows }) => [name, plannedRows ?? 0])),
        heapFetchShare: 0,
        ...(tenant && { tenantRows: strategySizes[tenant] }),
      };
    };
    const documentOf = async (tenant: StrategyTenant, groups: string[] = []): Promise<DocumentId> => {
      const statement = sampleDocumentStatement(parseTenantId(tenant), 1);
      const [document] = await readAsTenant(db.database, principalOf(tenant, { groups }), statement);
      return document!.id;
    };
    const strategiesOf = async (reader: string, change: { documentId?: DocumentId } = {}, database = db.database) => {
      const { tenant, groups = [] } = readers[reader]!;
      return tenantStrategies(database, {
        ...{ tenantId: parseTenantId(tenant), model: { id: 1, dimensions: manyDimensions }, groups },
        ...{ words: 'word2950 word2800', commonWords: 'title', collection: 'c3' },
        attribute: { name: 'n', type: 'number' },
        documentId: await documentOf(tenant, groups),
        ...change,
      });
    };
    const strategyOf = async (reader: string, name: string) => {
      const found = (await strategiesOf(reader)).find(({ strategy }) => strategy === name);
      if (!found) throw new Error(`There is no strategy ${name}.`);
      return found;
    };
    /** On a connection that keeps no plan from before. */
    const afresh = async <Result>(work: (database: Database) => Promise<Result>) => {
      const database = await openPool({
        url: db.urls.gateway,
        size: 1,
        statementTimeoutMs: 60_000,
        onIdleError: () => {},
      });
      try {
        return await work(database);
      } finally {
        await database.close();
      }
    };
    const checkAfresh = (asked: StrategyStatement, known: PlanCircumstances) =>
      afresh((database) => checkStrategy(database, asked, known));
    const check = (asked: StrategyStatement, known: PlanCircumstances) =>
      asked.expected.isPlannedOnce ? checkAfresh(asked, known) : checkStrategy(db.database, asked, known);
    /** Hidden from the planner and not dropped, so that the next test finds them again. */
    const without = async <Result>(index: RegExp, work: () => Promise<Result>) => {
      const show = (valid: boolean) =>
        db.owner.query(
          `update pg_index set indisvalid = $1 from pg_class c
           where c.oid = indexrelid and c.relnamespace = 'tessera'::regnamespace and c.relname ~ $2`,
          [valid, index.source],
        );
      expect((await show(false)).rowCount).toBeGreaterThan(0);
      try {
        return await work();
      } finally {
        await show(true);
      }
    };
    const changed = (asked: StrategyStatement, from: RegExp, to: string): StrategyStatement => {
      const { isPlannedOnce: _, ...query } = asked.statement.compile() as Query;
      const text = query.sql.replace(from, to);
      expect(text).not.toBe(query.sql);
      return { ...asked, statement: { compile: () => ({ ...query, sql: text }) } };
    };
    const kindsOf = (deviations: readonly { kind: string }[]) => deviations.map(({ kind }) => kind);

    test.each(Object.keys(readers))(
      'of each search of %s is of the kind that is sent, and as expected',
      async (reader) => {
        const { tenant, ways } = readers[reader]!;
        const strategies = await strategiesOf(reader);
        const known = await circumstances(tenant);
        const found = new Map<string, unknown>();
        for (const asked of strategies) found.set(asked.strategy, await checkStrategy(db.database, asked, known));
        expect(Object.fromEntries(found)).toEqual(Object.fromEntries([...ways, ...otherWays].map((way) => [way, []])));
      },
    );

    test('for a worker that claims jobs is the expected one', async () => {
      for (const asked of workerStrategies(1))
        expect(await checkStrategy(db.worker, asked, await circumstances())).toEqual([]);
    });

    test.each(['small', 'middle', 'large'] as const)(
      'for what is like a document of a %s tenant is that of a search by vector as one of many, too',
      async (tenant) => {
        const { rows } = await db.owner.query<{ id: DocumentId }>(
          'select id from tessera.documents where tenant_id = $1 order by id limit 3',
          [tenant],
        );
        const alike = await Promise.all(
          rows.map(async ({ id }) =>
            (await strategiesOf(tenant, { documentId: id })).find(({ strategy }) => strategy.startsWith('like')),
          ),
        );
        const queries = alike.map((one) => one!.statement.compile()) as Query[];
        const together = queries[0]?.merge?.query(queries) as Query;
        const asked = { ...alike[0]!, statement: { compile: () => together } };
        expect(await checkStrategy(db.database, asked, await circumstances(tenant))).toEqual([]);
      },
    );

    describe('is found to be wrong', () => {
      test.each(Object.keys(readers))(
        'for %s without any one index that a strategy expects',
        { timeout: 120_000 },
        async (reader) => {
          // Not by share of the table, by which a tenant may be read as quickly without one.
          const known = await circumstances(readers[reader]!.tenant);
          const { rows: _, ...ofNoShare } = known;
          const unseen: string[] = [];
          const [first, ...others] = await strategiesOf(reader);
          // What a page is read by is the same for all of them, and looked at once.
          const page = first!.expected.scans.filter(({ stage }) => stage === 'page' || stage === undefined);
          for (const asked of [first!, ...others]) {
            for (const scan of asked.expected.scans) {
              if (asked !== first && page.some(({ stage, table }) => stage === scan.stage && table === scan.table))
                continue;
              const { stage = '', table, index, ofFew } = scan;
              const hidden = ofFew ? new RegExp(`${index.source}|${ofFew.source}`) : index;
              const deviations = await without(hidden, () => check({ ...asked, run: false }, ofNoShare));
              if (deviations.length === 0) unseen.push(`${asked.strategy}: ${stage} ${table} ${index.source}`);
            }
          }
          expect(unseen).toEqual([]);
          for (const asked of [first!, ...others]) expect(await check(asked, known), asked.strategy).toEqual([]);
        },
      );

      test('for a worker without the index of available jobs', async () => {
        const [asked] = workerStrategies(1);
        const known = await circumstances();
        const deviations = await without(/^embedding_jobs_available$/, () => checkStrategy(db.worker, asked!, known));
        expect(kindsOf(deviations)).toContain('index');
      });

      test.each([
        'keyword, words by index',
        'hybrid, graph, words by index',
        'keyword of a collection, words by index',
        'phrase, counted, words by index',
      ])('where functions do not come by the word index: %s', async (name) => {
        const [asked, known] = [await strategyOf('large', name), await circumstances('large')];
        const deviations = await without(/^chunks_words_/, () => checkStrategy(db.database, asked, known));
        expect(deviations).toContainEqual(
          expect.objectContaining({ kind: 'index', found: expect.stringContaining('in any function') }),
        );
      });

      test('where words are scored in every chunk though an index serves, and the other way round', async () => {
        const known = await circumstances('large');
        const [byIndex, common] = [
          await strategyOf('large', 'keyword, words by index'),
          await strategyOf('large', 'common words, words in every chunk'),
        ];
        expect(kindsOf(await checkStrategy(db.database, { ...byIndex, statement: common.statement }, known))).toContain(
          'run',
        );
        expect(kindsOf(await checkStrategy(db.database, { ...common, statement: byIndex.statement }, known))).toContain(
          'run',
        );
      });

      test.each([
        ['large', 'semantic, graph'],
        ['large', 'by chunk, graph'],
        ['large', 'fading with age, graph'],
        ['large', 'like a document, graph'],
        ['large', 'hybrid, graph, words by index'],
        ['large', 'deep page, covering index'],
        ['large', 'recall EXACT, every vector'],
        ['middle', 'deep page, covering index'],
        ['middle', 'recall EXACT, every vector'],
        ['guarded, who may see all,', 'semantic, counted'],
      ])('where the planner does not see how many rows are the tenant’s, of %s: %s', async (reader, name) => {
        const [asked, known] = [await strategyOf(reader, name), await circumstances(readers[reader]!.tenant)];
        await db.owner.query(`delete from pg_statistic where starelid = 'tessera.embeddings'::regclass and staattnum = (
          select attnum from pg_attribute where attrelid = 'tessera.embeddings'::regclass and attname = 'tenant_id')`);
        try {
          expect(kindsOf(await checkAfresh(asked, known))).toEqual(
            expect.arrayContaining([expect.stringMatching(/^(estimate|index)$/)]),
          );
        } finally {
          await db.owner.query('analyze tessera.embeddings (tenant_id)');
        }
      });

      test.each([
        'semantic, covering index, planned once',
        'deep page, covering index',
        'keyword EXACT, words in every chunk',
      ])('where rows are looked up in the table: %s', async (name) => {
        const [asked, known] = [await strategyOf('middle', name), await circumstances('middle')];
        const table = name.startsWith('keyword') ? 'chunks' : 'embeddings';
        await db.owner.query(`update tessera.${table} set audience = audience where tenant_id = 'middle'`);
        try {
          expect(kindsOf(await checkAfresh(asked, known))).toContain('heap-fetches');
        } finally {
          await db.owner.query(`vacuum analyze tessera.${table}`);
        }
      });

      test.each([
        ['guarded, who may see little,', 'semantic, counted', 'true'],
        ['guarded, who may see all,', 'semantic, counted', 'false'],
        ['large', 'by attribute, counted', 'true'],
        ['large', 'of all dates, counted', 'false'],
      ])('where the count does not decide, of %s: %s', async (reader, name, decision) => {
        const [asked, known] = [await strategyOf(reader, name), await circumstances(readers[reader]!.tenant)];
        const graph = changed(asked, /\(select permitted from counted\) > \$\d+/, `(${decision} or $0::int is null)`);
        const query = graph.statement.compile() as Query;
        // The parameter stays, so that the others keep their numbers.
        const [parameter] = /\$\d+/.exec(
          /\(select permitted from counted\) > \$\d+/.exec((asked.statement.compile() as Query).sql)![0],
        )!;
        const text = query.sql.replace('$0', parameter!);
        const sent = { ...graph, statement: { compile: () => ({ ...query, sql: text }) } };
        expect(kindsOf(await checkStrategy(db.database, sent, known))).toContain('run');
      });

      test('in the form of most guides: no predicate, and a policy that hides the tenant', async () => {
        const statement = sqlBuilder
          .selectFrom('embeddings')
          .select('chunk_id')
          .where('model_id', '=', 1)
          .orderBy(sql`coarse <#> coarse`)
          .limit(100);
        const alter = (tenant: string) =>
          db.owner.query(`alter policy reader_reads on tessera.embeddings using (tenant_id = ${tenant})`);
        const { rows } = await db.owner.query<{ form: string }>(
          `select pg_get_expr(polqual, polrelid) as form from pg_policy
           where polrelid = 'tessera.embeddings'::regclass and polname = 'reader_reads'`,
        );
        await alter('(select tessera.current_tenant())');
        try {
          // Whose rows are not seen is taken for a two-hundredth of the table, which is not far from the small one.
          for (const tenant of ['middle', 'large'] as const) {
            const asked = await strategyOf(tenant, 'deep page, covering index');
            const { plan } = await explainStrategy(db.database, { ...asked, statement });
            const covering = {
              table: 'embeddings',
              index: /^embeddings_exact$/,
              indexOnly: true,
              estimate: 'read',
            } as const;
            expect(checkPlan(plan, { scans: [covering] }, await circumstances()), tenant).not.toEqual([]);
          }
        } finally {
          await db.owner.query(`alter policy reader_reads on tessera.embeddings using (${rows[0]?.form})`);
        }
      });

      test('in tables that were never vacuumed, which are none the smaller for it', async () => {
        const before = await circumstances('middle');
        const asked = await strategyOf('middle', 'deep page, covering index');
        await db.owner.query(
          `update pg_class set relpages = 0, relallvisible = 0 where oid = 'tessera.embeddings'::regclass`,
        );
        try {
          const known = await circumstances('middle');
          expect(known.pages).toEqual(before.pages);
          const deviations = await without(/^embeddings_exact$/, () => checkAfresh(asked, known));
          expect(kindsOf(deviations)).toContain('index');
        } finally {
          await db.owner.query('vacuum analyze tessera.embeddings');
        }
      });
    });

    test('returns as many hits as the data allow under a filter that one document in ten passes', async () => {
      const filtered = await strategyOf('small', 'of a collection, covering index');
      const rows = await readAsTenant(db.database, principalOf('small'), filtered.statement);
      expect(rows).toHaveLength(10);
      expect((rows as { collection: string }[]).every((row) => row.collection === 'c3')).toBe(true);
    });
  },
);
