/** A node of `explain (format json)`, as far as it is read here. Actual figures are there where the statement was run. */
export interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Subplan Name'?: string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'Parallel Aware'?: boolean;
  readonly 'Heap Fetches'?: number;
  readonly 'Rows Removed by Filter'?: number;
  readonly 'Rows Removed by Join Filter'?: number;
  readonly 'Plan Rows': number;
  readonly 'Actual Rows'?: number;
  readonly 'Actual Loops'?: number;
  readonly Plans?: readonly PlanNode[];
}

/** A node that reads a table. */
export interface TableScan {
  readonly node: PlanNode;
  /** The named part (common table expression) of the statement that it belongs to; absent for what is in none. */
  readonly stage?: string;
  readonly table: string;
  /** Indexes that lead to the rows; none for a table that is read from end to end. */
  readonly indexes: readonly string[];
}

/** Every node that reads a table, with the part of the statement that it belongs to. */
export function tableScans(node: PlanNode, stage?: string): TableScan[] {
  const own = stageName(node) ?? stage;
  // What is written to is named as well, and read by a scan below.
  const table = node['Node Type'] === 'ModifyTable' ? undefined : node['Relation Name'];
  const scan = table === undefined ? [] : [{ node, ...(own && { stage: own }), table, indexes: indexesOf(node) }];
  return [...scan, ...(node.Plans ?? []).flatMap((inner) => tableScans(inner, own))];
}

/** The node that a named part of the statement begins with. */
export function stageNode(root: PlanNode, stage: string): PlanNode | undefined {
  if (stageName(root) === stage) return root;
  for (const inner of root.Plans ?? []) {
    const found = stageNode(inner, stage);
    if (found) return found;
  }
  return undefined;
}

/** Every node of a plan. */
export function flatten(node: PlanNode): PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(flatten)];
}

function stageName(node: PlanNode): string | undefined {
  return /^CTE (\w+)$/.exec(node['Subplan Name'] ?? '')?.[1];
}

/** Below a scan of a bitmap are the indexes that it was made from. */
function indexesOf(node: PlanNode): string[] {
  const own = node['Index Name'] === undefined ? [] : [node['Index Name']];
  const below = node['Node Type'].startsWith('Bitmap') ? (node.Plans ?? []).flatMap(indexesOf) : [];
  return [...own, ...below];
}
