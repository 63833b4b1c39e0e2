import { createHash } from 'node:crypto';
import { CompiledQuery, sql } from 'kysely';
import { sqlBuilder } from '../db/compile.ts';
import { type Database, readInFlight, type Statement } from '../db/database.ts';
import { literalOf } from '../db/literals.ts';
import type { Query } from '../db/query.ts';
import type { Scope } from '../db/scope.ts';
import { checkFunctions, checkPlan } from './check-plan.ts';
import type { PlanCircumstances, PlanDeviation, PlanExpectation, ScanCounts } from './plan-expectation.ts';
import type { PlanNode } from './plan-node.ts';

/** A statement as the program sends it, with the scope that it sends it in. */
export interface StrategyStatement {
  /** What it reads, and how, such as `semantic, graph`. */
  readonly strategy: string;
  readonly expected: PlanExpectation;
  readonly statement: Statement<unknown>;
  readonly scope: Scope;
  /** False for a statement that writes, or that costs more to run than its plan is worth. */
  readonly run: boolean;
}

/** How a statement was planned and, where it was run, what it read. */
export interface ExplainedStrategy {
  readonly plan: PlanNode;
  readonly counts: ScanCounts | undefined;
}

interface ExplainedRow {
  readonly 'QUERY PLAN': readonly [{ readonly Plan: PlanNode }];
}

/**
 * Asks for a statement's plan in its own scope, so under row-level security. What is planned once for every tenant is planned
 * so here, too: the plan is the one that the connection keeps.
 * @throws what running the statement throws.
 */
export async function explainStrategy(
  database: Database,
  { statement, scope, run }: Pick<StrategyStatement, 'statement' | 'scope' | 'run'>,
): Promise<ExplainedStrategy> {
  const query: Query = statement.compile();
  const explain = run ? 'explain (analyze, format json)' : 'explain (format json)';
  const isKept = query.isPlannedOnce === true && query.name !== undefined && database.preparing.isOn;
  const explained = isKept
    ? explainKept(explain, query)
    : CompiledQuery.raw(`${explain} ${query.sql}`, [...query.parameters]);
  const [before, , [row], after] = await readInFlight(database, scope, [
    scanCountsStatement,
    isKept ? { compile: () => query } : nothingStatement,
    { compile: () => explained as CompiledQuery<ExplainedRow> },
    scanCountsStatement,
  ]);
  const known = new Map(before.map(({ name, scans }) => [name, scans]));
  const counts = new Map(after.map(({ name, scans }) => [name, scans - (known.get(name) ?? 0)]));
  return { plan: (row as ExplainedRow)['QUERY PLAN'][0].Plan, counts: run ? counts : undefined };
}

/** Compares the plan that a strategy gets on this database with the one that it should get. */
export async function checkStrategy(
  database: Database,
  asked: StrategyStatement,
  circumstances: PlanCircumstances,
): Promise<PlanDeviation[]> {
  const { plan, counts } = await explainStrategy(database, asked);
  return [
    ...checkPlan(plan, asked.expected, circumstances),
    ...(counts ? checkFunctions(counts, asked.expected, circumstances) : []),
  ];
}

/** The plan behind a name, in the settings of what it explains: so it needs a name itself. */
function explainKept(explain: string, { name, parameters }: Query): Query {
  const text = `${explain} execute ${name} (${parameters.map(literalOf).join(', ')})`;
  const digest = createHash('sha256').update(text).digest('hex').slice(0, 16);
  return { ...CompiledQuery.raw(text), name: `explain_${digest}`, isPlannedOnce: true };
}

/** How often this transaction has read the chunks from end to end, and each of their indexes; that a function did it makes no difference. */
const scanCountsStatement: Statement<{ name: string; scans: number }> = {
  compile: () =>
    sql<{ name: string; scans: number }>`
      select c.relname as name, pg_stat_get_xact_numscans(c.oid)::float8 as scans
      from pg_catalog.pg_class c left join pg_catalog.pg_index i on i.indexrelid = c.oid
      where coalesce(i.indrelid, c.oid) = 'tessera.chunks'::regclass`.compile(sqlBuilder),
};

const nothingStatement: Statement<unknown> = { compile: () => sql`select`.compile(sqlBuilder) };
