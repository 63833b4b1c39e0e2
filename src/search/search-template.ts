import { createHash } from 'node:crypto';
import { type CompiledQuery, sql } from 'kysely';
import { sqlBuilder } from '../db/compile.ts';
import type { Statement } from '../db/database.ts';
import type { Query } from '../db/query.ts';
import type { TenantId } from '../ids.ts';
import { type HitRow, type ReportedRow, reportedSearchStatement } from './reported-search.ts';
import type { ExampleId } from './search-input.ts';
import type { SearchPlan, SemanticPlan } from './search-plan.ts';
import { searchStatement } from './search-statement.ts';

/** What changes from one search to the next while the statement stays the same. */
const operandNames = [
  'tenantId',
  'full',
  'coarse',
  'example',
  'words',
  'conditions',
  'collections',
  'exceptChunks',
  'seen',
  'minScore',
] as const;
type OperandName = (typeof operandNames)[number];
type Operands = Readonly<Record<OperandName, unknown>>;

/** Those in which the searches of one batch may differ, with their types. */
const batched = { full: 'vector', coarse: 'halfvec', example: 'uuid', words: 'text' } as const;
type BatchedName = keyof typeof batched;
const batchedNames = Object.keys(batched) as BatchedName[];

/**
 * Stands for an operand while a statement is compiled, of all searches or of one of a batch. As JSON it is its name, so that
 * plans of one shape look alike.
 */
class Slot {
  readonly name: OperandName;
  readonly position: number;
  constructor(name: OperandName, position = 0) {
    this.name = name;
    this.position = position;
  }
  toJSON(): string {
    return `<${this.name}>`;
  }
}

const slots = Object.fromEntries(operandNames.map((name) => [name, new Slot(name)])) as unknown as Operands;

interface Template {
  readonly compiled: CompiledQuery;
  /** A digest of the text: the name under which connections keep it parsed. A batch has none, for there is one of each size. */
  readonly name?: string;
}

/** Shapes that are remembered. An application has a handful; filters with values of their own could make any number. */
const mostTemplates = 300;
const templates = new Map<string, Template>();

type Build = (tenantId: TenantId, plan: SearchPlan) => Statement<unknown>;

/** {@link searchStatement}, compiled once for all searches of the same shape. */
export function preparedSearchStatement(tenantId: TenantId, plan: SearchPlan) {
  return prepare<HitRow>(searchStatement, tenantId, plan);
}

/** {@link reportedSearchStatement}, compiled once for all searches of the same shape. */
export function preparedReportedSearchStatement(tenantId: TenantId, plan: SearchPlan) {
  return prepare<ReportedRow>(reportedSearchStatement, tenantId, plan);
}

/**
 * Building and compiling a statement took a third of the gateway's own time. Whatever of the plan is not named as an operand
 * is part of the shape, so what is new in a plan can make statements compile more often and never one stand for another.
 */
function prepare<Row>(build: Build, tenantId: TenantId, plan: SearchPlan): Statement<Row> {
  const operands = operandsOf(tenantId, plan);
  const open = withOperands(plan, slots);
  const shape = `${build.name} ${JSON.stringify(open)}`;
  const { compiled, name } = templateOf(shape, build, open);
  const query: Query<Row> = {
    ...compiled,
    parameters: compiled.parameters.map((parameter) => fill(parameter, [operands])),
    ...(name !== undefined && { name }),
    ...(plan.isPlannedOnce && { isPlannedOnce: true }),
    merge: {
      likeness: () => shape + JSON.stringify(operandNames.map((each) => (each in batched ? '' : operands[each]))),
      query: (queries) => mergeSearches(shape, build, open, queries),
      rowsOf: (rows, index) => (rows as BatchRow[]).filter(({ askedAs }) => askedAs === index),
    },
  };
  operandsOfQuery.set(query, operands);
  return { compile: () => query };
}

interface BatchRow {
  readonly askedAs: number;
}

const operandsOfQuery = new WeakMap<Query, Operands>();

function templateOf(shape: string, build: Build, open: SearchPlan): Template {
  return remember(shape, () => {
    const compiled = build(slots.tenantId as TenantId, open).compile();
    const name = `search_${createHash('sha256').update(compiled.sql).digest('hex').slice(0, 16)}`;
    return { compiled, name };
  });
}

/**
 * Fifty searches of one request as one statement: planned once, it took a third of the time of fifty. They differ in nothing
 * but what is batched, so the first one's operands are those of all.
 */
function mergeSearches(shape: string, build: Build, open: SearchPlan, queries: readonly Query[]): Query {
  const { compiled } = remember(`${queries.length} as one: ${shape}`, () => ({
    compiled: mergedStatement(build, open, queries.length),
  }));
  const operands = queries.map((query) => operandsOfQuery.get(query));
  return { ...compiled, parameters: compiled.parameters.map((parameter) => fill(parameter, operands)) };
}

function mergedStatement(build: Build, open: SearchPlan, count: number): CompiledQuery {
  const refs = Object.fromEntries(batchedNames.map((name) => [name, sql.ref(`asked.${name}`)]));
  const one = build(slots.tenantId as TenantId, withOperands(open, { ...slots, ...refs }));
  const rows = Array.from({ length: count }, (_, position) => {
    const values = batchedNames.map((name) => sql`${new Slot(name, position)}::${sql.raw(batched[name])}`);
    return sql`(${sql.lit(position)}, ${sql.join(values)})`;
  });
  return sql`
    select asked.position as "askedAs", hit.*
    from (values ${sql.join(rows)}) as asked (position, ${sql.join(batchedNames.map((name) => sql.ref(name)))})
    cross join lateral (${one}) as hit
    order by asked.position, hit.score desc nulls last, hit."itemId" desc`.compile(sqlBuilder);
}

function remember(shape: string, make: () => Template): Template {
  const known = templates.get(shape);
  if (known) return known;
  const made = make();
  const [oldest] = templates.keys();
  if (templates.size >= mostTemplates && oldest !== undefined) templates.delete(oldest);
  templates.set(shape, made);
  return made;
}

function operandsOf(
  tenantId: TenantId,
  { semantic, keyword, conditions, selection, seen, minScore }: SearchPlan,
): Operands {
  return {
    tenantId,
    ...(semantic?.example
      ? { full: undefined, coarse: undefined, example: idOf(semantic.example) }
      : { full: semantic?.full, coarse: semantic?.coarse, example: undefined }),
    words: keyword?.words,
    conditions,
    collections: selection.collections,
    exceptChunks: selection.exceptChunks,
    seen,
    minScore,
  };
}

/** The plan with other operands where it has any. A list stays a list, of one: whether there is one is part of the shape. */
function withOperands(plan: SearchPlan, operands: Operands): SearchPlan {
  const { semantic, keyword, selection } = plan;
  const list = (there: readonly unknown[] | undefined, operand: unknown) => (there?.length ? [operand] : there);
  return {
    ...plan,
    ...(semantic && { semantic: { ...semantic, ...vectorOf(semantic) } }),
    ...(keyword && { keyword: { ...keyword, words: operands.words } }),
    ...(plan.conditions !== undefined && { conditions: operands.conditions }),
    selection: {
      ...selection,
      ...(selection.collections && { collections: [operands.collections] }),
      exceptChunks: list(selection.exceptChunks, operands.exceptChunks),
    },
    seen: list(plan.seen, operands.seen),
    ...(plan.minScore !== undefined && { minScore: operands.minScore }),
  } as SearchPlan;

  function vectorOf({ example }: SemanticPlan) {
    if (!example) return { full: operands.full, coarse: operands.coarse };
    return { example: { ['documentId' in example ? 'documentId' : 'chunkId']: operands.example } };
  }
}

function idOf(example: ExampleId): string {
  return 'documentId' in example ? example.documentId : example.chunkId;
}

function fill(parameter: unknown, operands: readonly (Operands | undefined)[]): unknown {
  const slot = Array.isArray(parameter) ? (parameter[0] as unknown) : parameter;
  return slot instanceof Slot ? (operands[slot.position]?.[slot.name] ?? null) : parameter;
}
