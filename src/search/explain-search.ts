import { CompiledQuery } from 'kysely';
import type { Statement } from '../db/database.ts';
import type { Query } from '../db/query.ts';

/** One part of a search as it ran. */
export interface StageReport {
  readonly name: string;
  /** Rows that it looked at. */
  readonly in: number;
  /** Rows that it passed on. */
  readonly out: number;
  /** Its own time in milliseconds: not that of the stages that it reads. Those of all stages add up to less than the whole. */
  readonly ms: number;
}

export interface SearchExplanation {
  readonly stages: readonly StageReport[];
  /** The nodes of PostgreSQL's plan, indented by depth. */
  readonly plan: readonly string[];
  readonly planningMs: number;
  readonly executionMs: number;
  /** Whether a graph was searched, whatever the tenant's tier was taken for. */
  readonly searchesGraph: boolean;
}

/** A row of `explain (format json)`. */
interface Explained {
  readonly 'QUERY PLAN': readonly [
    { readonly Plan: PlanNode; readonly 'Planning Time': number; readonly 'Execution Time': number },
  ];
}

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Subplan Name'?: string;
  readonly 'Relation Name'?: string;
  readonly 'CTE Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Actual Total Time': number;
  readonly Plans?: readonly PlanNode[];
}

const graphIndex = /^embeddings_hnsw_/;

/** Runs a statement and tells how it went in place of its rows, planned under the settings that it is sent with itself. */
export function explainStatement(statement: Statement<unknown>): Statement<Explained> {
  const { sql, parameters, name, isPlannedOnce }: Query = statement.compile();
  const query = CompiledQuery.raw(`explain (analyze, buffers, format json) ${sql}`, [...parameters]);
  const sent: Query = {
    ...query,
    ...(isPlannedOnce && name !== undefined && { name: `explain_${name}`, isPlannedOnce }),
  };
  return { compile: () => sent as CompiledQuery<Explained> };
}

/** Reads the stages (the named parts of a search statement) out of a plan. */
export function readExplanation(row: Explained): SearchExplanation {
  const [{ Plan: root, 'Planning Time': planningMs, 'Execution Time': executionMs }] = row['QUERY PLAN'];
  const stages = flatten(root).flatMap(({ node }) => {
    const name = /^CTE (\w+)$/.exec(node['Subplan Name'] ?? '')?.[1];
    return name ? [{ name, in: rowsRead(node), out: node['Actual Rows'], ms: ownMs(node) }] : [];
  });
  const searchesGraph = flatten(root).some(
    ({ node }) => graphIndex.test(node['Index Name'] ?? '') && node['Actual Loops'] > 0,
  );
  return { stages, plan: flatten(root).map(describeNode), planningMs, executionMs, searchesGraph };
}

/**
 * Time of a stage itself. PostgreSQL runs a stage when another first reads it, and counts that to the reader: so what a stage
 * spent on reading others is taken off.
 */
function ownMs(stage: PlanNode): number {
  const own = totalMs(stage) - timeOnStages(stage.Plans ?? []);
  return Math.max(0, Math.round(own * 1_000) / 1_000);
}

function timeOnStages(nodes: readonly PlanNode[]): number {
  return nodes.reduce((sum, node) => sum + (node['CTE Name'] ? totalMs(node) : timeOnStages(node.Plans ?? [])), 0);
}

/** PostgreSQL tells the mean of a node's runs. */
function totalMs(node: PlanNode): number {
  return node['Actual Total Time'] * node['Actual Loops'];
}

/**
 * Rows that a stage had before it: those of the stages that it reads, and where it reads none, those of its largest scan.
 * Rows that a scan filtered away are not counted, for a policy's are among them, and nobody may learn how many it hides.
 */
function rowsRead(node: PlanNode): number {
  const scans = flatten(node)
    .map(({ node: inner }) => inner)
    .filter((inner) => inner['Node Type'].endsWith('Scan') && !beforePolicies.test(inner['Node Type']));
  const stages = scans.filter((scan) => scan['CTE Name'] !== undefined && scan['CTE Name'] !== 'query');
  if (stages.length > 0) return stages.reduce((sum, scan) => sum + scan['Actual Rows'] * scan['Actual Loops'], 0);
  return Math.max(0, ...scans.map((scan) => scan['Actual Rows'] * scan['Actual Loops']));
}

/** Nodes whose rows no policy has looked at yet: how many they are is not for the caller to know. */
const beforePolicies = /^Bitmap(And|Or| Index Scan)$/;

function describeNode({ node, depth }: { node: PlanNode; depth: number }): string {
  const subject = node['Index Name'] ?? node['Relation Name'] ?? node['CTE Name'];
  const rows = beforePolicies.test(node['Node Type']) ? '' : `${node['Actual Rows'] * node['Actual Loops']} rows, `;
  const facts = `${rows}${node['Actual Total Time']} ms`;
  return `${'  '.repeat(depth)}${node['Node Type']}${subject ? ` ${subject}` : ''} (${facts})`;
}

function flatten(node: PlanNode, depth = 0): { node: PlanNode; depth: number }[] {
  return [{ node, depth }, ...(node.Plans ?? []).flatMap((inner) => flatten(inner, depth + 1))];
}
