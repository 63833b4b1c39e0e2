import { CompiledQuery } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Database, readInFlight } from '../../src/db/database.ts';
import { openPool } from '../../src/db/open-pool.ts';
import type { Query } from '../../src/db/query.ts';
import { tenantScope } from '../../src/db/scope.ts';
import { shareFlights } from '../../src/db/share-flights.ts';
import { checkPlan } from '../../src/doctor/check-plan.ts';
import { expectedSearch, type SearchShape } from '../../src/doctor/expected-search.ts';
import type { PlanNode } from '../../src/doctor/plan-node.ts';
import { parseTenantId } from '../../src/ids.ts';
import { readTuning } from '../../src/recall/read-tuning.ts';
import { type SearchPlan, vectorOperands } from '../../src/search/search-plan.ts';
import { preparedSearchStatement } from '../../src/search/search-template.ts';
import { normaliseVector } from '../../src/vector.ts';
import { describeServer, openTestDatabase, type TestDatabase } from '../support/database.ts';
import { principalOf } from '../support/principal.ts';
import { manyDimensions, seedMany } from '../support/seed-many.ts';
import { statement } from '../support/statement.ts';

const crowd = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`tiny-${index}`, 1]));
const sizes = { ...crowd, small: 100, middle: 5_000, large: 20_000 };

const full = normaliseVector(Float32Array.from({ length: manyDimensions }, (_, index) => Math.sin(index)));
const operands = vectorOperands(full);
const semantic = { modelId: 1, ...operands, depth: { kind: 'two-stage', candidates: 100 } } as const;
const keyword = { words: 'word10 word20', candidates: 100, scan: { kind: 'exact' } } as const;
const plan: SearchPlan = {
  modelId: 1,
  fusion: { method: 'RECIPROCAL_RANK', keywordWeight: 2, semanticWeight: 1, rankConstant: 60 },
  selection: { filter: {}, exceptChunks: [] },
  ...{ groupBy: 'DOCUMENT', withVectors: false, seen: [], limit: 11 },
};
const covering = { candidates: { by: 'covering' } } as const;
const everyWord = { words: 'every' } as const;
const searches: [string, SearchPlan, Pick<SearchShape, 'candidates' | 'words'>][] = [
  ['by vector', { ...plan, semantic }, covering],
  ['by vector, a chunk each', { ...plan, semantic, groupBy: 'CHUNK' }, covering],
  ['by words', { ...plan, keyword }, everyWord],
  ['by both', { ...plan, semantic, keyword }, { ...covering, ...everyWord }],
];
const isPlain = { hasConditions: false, isLike: false, hasAccessLists: false, fades: false, isPlannedOnce: true };
const compile = (tenant: string, search: SearchPlan): Query =>
  preparedSearchStatement(parseTenantId(tenant), { ...search, isPlannedOnce: true }).compile();

/** What is behind a name on this connection, planned and run for a tenant. */
function explained({ name, parameters }: Query): Query<{ 'QUERY PLAN': [{ Plan: PlanNode }] }> {
  const values = parameters.map((value) => {
    if (value === operands.full || value === operands.coarse) return `'[${full.join(',')}]'`;
    if (Array.isArray(value)) return `'{${value.join(',')}}'`;
    return typeof value === 'number' ? value : `'${value}'`;
  });
  const text = `explain (analyze, format json) execute ${name} (${values.join(', ')})`;
  // Under a name of its own, so that it is sent in the settings of what it explains.
  return { ...CompiledQuery.raw(text), name: `explained_${name}`, isPlannedOnce: true } as never;
}

describeServer('a search that is planned once for every tenant, as the gateway under row-level security,', () => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await openTestDatabase({ statementTimeoutMs: 60_000 });
    await seedMany(db.urls.superuser, sizes);
  });
  afterAll(() => db.close());

  async function onOneConnection<Result>(work: (database: Database) => Promise<Result>, prepare = true) {
    const url = db.urls.gateway;
    const database = await openPool({ url, size: 1, statementTimeoutMs: 60_000, prepare, onIdleError: () => {} });
    try {
      return await work(database);
    } finally {
      await database.close();
    }
  }
  const read = async <Row>(database: Database, tenant: string, query: Query<Row>): Promise<Row[]> => {
    const [rows] = await readInFlight(database, tenantScope(principalOf(tenant)), [{ compile: () => query }]);
    return rows as Row[];
  };
  const timesPlanned = statement<{ generic: number; custom: number }>(
    `select generic_plans::int as generic, custom_plans::int as custom from pg_prepared_statements where name like 'search_%'`,
  ).compile();

  /** The plan that a tenant's search gets after another tenant had it made, as deviations from what it should be. */
  async function deviationsFor([, search, shape]: (typeof searches)[number], first: string, then: string) {
    const { rows } = await db.owner.query<{ name: string; pages: number }>(
      `select relname as name, relpages as pages from pg_class where relnamespace = 'tessera'::regnamespace and relkind = 'r'`,
    );
    const pages = new Map(rows.map(({ name, pages: count }) => [name, count]));
    return onOneConnection(async (database) => {
      await read(database, first, compile(first, search));
      const [row] = await read(database, then, explained(compile(then, search)));
      const root = row?.['QUERY PLAN'][0].Plan as PlanNode;
      return checkPlan(root, expectedSearch({ ...isPlain, ...shape }), { pages, heapFetchShare: 0 });
    });
  }

  describe.each(searches)('%s,', (...asked) => {
    const [, search] = asked;

    test.each([
      ['tiny-0', 'middle'],
      ['small', 'middle'],
      ['middle', 'small'],
      ['large', 'middle'],
    ])('has the expected plan where %s has it made and %s searches', async (first, then) => {
      expect(await deviationsFor(asked, first, then)).toEqual([]);
    });

    test('finds what it finds when it is planned for the tenant, of that tenant alone', async () => {
      await onOneConnection(async (database) => {
        for (const tenant of ['tiny-0', 'small', 'middle', 'large', 'small']) {
          const query = compile(tenant, search);
          const own = await read(database, tenant, query);
          const { name: _, isPlannedOnce: __, ...anew } = query as Query & { isPlannedOnce: true };
          expect(own).toEqual(await read(database, tenant, anew));
          const foreign = tenant === 'small' ? 'middle' : 'small';
          expect(await read(database, foreign, query)).toEqual([]);
          if (tenant !== 'tiny-0') expect(own).not.toEqual([]);
        }
        expect(await read(database, 'small', timesPlanned)).toEqual([{ generic: 10, custom: 0 }]);
      });
    });
  });

  test('goes through a tenant again and again where statistics take each for one row, which migration 0026 rules out', async () => {
    const tables = ['documents', 'chunks', 'embeddings'];
    const takeFor = async (distinct: number) => {
      for (const table of tables) {
        await db.owner.query(`alter table tessera.${table} alter column tenant_id set (n_distinct = ${distinct})`);
      }
      await db.owner.query(`analyze ${tables.map((table) => `tessera.${table} (tenant_id)`).join(', ')}`);
    };
    const asked = searches[0] as (typeof searches)[number];
    await takeFor(-1);
    expect(await deviationsFor(asked, 'tiny-0', 'small')).not.toEqual([]);
    await takeFor(200);
    expect(await deviationsFor(asked, 'tiny-0', 'small')).toEqual([]);
  });

  test('has the planner go by the tenant again for what shares its flight', async () => {
    const mode = statement<{ mode: string; seqscan: string }>(
      `select current_setting('plan_cache_mode') as mode, current_setting('enable_seqscan') as seqscan`,
    );
    const [[, search]] = searches as [(typeof searches)[number]];
    await onOneConnection(async (database) => {
      const shared = shareFlights(database);
      const scope = tenantScope(principalOf('small'));
      const once = { compile: () => compile('small', search) };
      const answers = await Promise.all([
        readInFlight(shared, scope, [mode, once]),
        readInFlight(shared, scope, [once, mode]),
        readInFlight(shared, scope, [mode]),
      ]);
      const planned = { mode: 'force_custom_plan', seqscan: 'on' };
      expect([answers[0][0], answers[1][1], answers[2][0]]).toEqual([[planned], [planned], [planned]]);
      expect(answers[0][1]).toHaveLength(11);
      expect(answers[1][0]).toEqual(answers[0][1]);
    });
  });

  test('is planned for its tenant where connections keep no statements', async () => {
    const [[, search]] = searches as [(typeof searches)[number]];
    const rows = await onOneConnection(async (database) => {
      expect(await read(database, 'small', compile('small', search))).toHaveLength(11);
      return read(database, 'small', timesPlanned);
    }, false);
    expect(rows).toEqual([]);
  });

  test('is allowed by the size of the tables, once they were counted', async () => {
    const may = async () => (await readTuning(db, principalOf('small'))).mayPlanOnce;
    const count = (rows: number) =>
      db.owner.query(`update pg_class set reltuples = ${rows} where oid = 'tessera.chunks'::regclass`);
    expect(await may()).toBe(true);
    // What it is for a table that nobody has counted, and for one of few rows.
    for (const rows of [-1, 9_999]) {
      await count(rows);
      expect(await may()).toBe(false);
    }
    await count(10_000);
    expect(await may()).toBe(true);
  });
});
