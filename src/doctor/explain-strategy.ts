import { CompiledQuery } from 'kysely';
import { type Database, readInFlight, type Statement } from '../db/database.ts';
import type { Scope } from '../db/scope.ts';
import { expectedPlans, type Strategy } from './expected-plans.ts';
import {
  checkPlan,
  type PlanCircumstances,
  type PlanDeviation,
  type PlanExpectation,
  type PlanNode,
} from './plan-expectation.ts';

/** A statement as the program sends it, with the scope that it sends it in. */
export interface StrategyStatement {
  readonly strategy: Strategy;
  readonly statement: Statement<unknown>;
  readonly scope: Scope;
  /** False for a statement that writes, or that costs more to run than its plan is worth. */
  readonly run: boolean;
}

interface ExplainedRow {
  readonly 'QUERY PLAN': readonly [{ readonly Plan: PlanNode }];
}

/**
 * Asks for a statement's plan in its own scope, so under row-level security.
 * @throws what running the statement throws.
 */
export async function explainStrategy(
  database: Database,
  { statement, scope, run }: Pick<StrategyStatement, 'statement' | 'scope' | 'run'>,
): Promise<PlanNode> {
  const { sql, parameters } = statement.compile();
  const explained = CompiledQuery.raw(`explain (${run ? 'analyze, ' : ''}format json) ${sql}`, [...parameters]);
  const [[row]] = await readInFlight(database, scope, [{ compile: () => explained as CompiledQuery<ExplainedRow> }]);
  return (row as ExplainedRow)['QUERY PLAN'][0].Plan;
}

/** Compares the plan that a strategy gets on this database with the one that it should get. */
export async function checkStrategy(
  database: Database,
  asked: StrategyStatement,
  circumstances: PlanCircumstances,
): Promise<PlanDeviation[]> {
  const expectation: PlanExpectation = expectedPlans[asked.strategy];
  return checkPlan(await explainStrategy(database, asked), expectation, circumstances);
}
