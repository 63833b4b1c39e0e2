/** A node of `explain (format json)`, as far as it is read here. Actual figures are there where the statement was run. */
export interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'Heap Fetches'?: number;
  readonly 'Rows Removed by Filter'?: number;
  readonly 'Plan Rows': number;
  readonly 'Actual Rows'?: number;
  readonly 'Actual Loops'?: number;
  readonly Plans?: readonly PlanNode[];
}

/** A scan that a plan must have. */
export interface ExpectedScan {
  readonly table: string;
  /** Names of indexes any of which will do. */
  readonly index: RegExp;
  /** Read from the index alone, which needs a visibility map that is in step. */
  readonly indexOnly?: true;
  /** Reads every row of the tenant, so the planner's estimate tells whether it sees the tenant. */
  readonly everyRow?: true;
}

/** What the plan of a statement is held to. */
export interface PlanExpectation {
  readonly scans: readonly ExpectedScan[];
  /** True where most of a table may be wanted, so that reading it from end to end can be right. */
  readonly mayReadWhole?: true;
}

/** What is known of the database that a plan was made in. */
export interface PlanCircumstances {
  /** Pages of each table: one of a few pages is read from end to end, and rightly. */
  readonly pages: ReadonlyMap<string, number>;
  /** Rows of the tenant, where the statement was not run and does not tell. */
  readonly tenantRows?: number;
  /** Share of rows that an index-only scan may look up in the table all the same, 0 to 1. */
  readonly heapFetchShare: number;
}

/** One way in which a plan is not as expected. */
export interface PlanDeviation {
  readonly kind: 'seq-scan' | 'index' | 'heap-fetches' | 'estimate';
  readonly table: string;
  /** A sentence without its full stop. */
  readonly found: string;
}

/** Pages below which PostgreSQL may prefer the table to any index on it. */
const smallTablePages = 64;
/** Estimates within this factor lead to the same plan. A planner that cannot see the tenant is off by far more. */
const estimateFactor = 3;
/** Rows by which an estimate may be off whatever the factor: tenants this small are beneath the statistics' notice. */
const estimateSlack = 1_000;

/** Compares a plan with what is expected of it. */
export function checkPlan(
  root: PlanNode,
  expectation: PlanExpectation,
  circumstances: PlanCircumstances,
): PlanDeviation[] {
  const nodes = flatten(root);
  const isSmall = (table: string) => (circumstances.pages.get(table) ?? 0) < smallTablePages;
  return [
    ...nodes.flatMap((node) => (expectation.mayReadWhole ? [] : readWhole(node, isSmall))),
    ...expectation.scans.flatMap((scan) => checkScan(scan, nodes, expectation, circumstances, isSmall(scan.table))),
  ];
}

function readWhole(node: PlanNode, isSmall: (table: string) => boolean): PlanDeviation[] {
  const table = node['Relation Name'];
  if (node['Node Type'] !== 'Seq Scan' || table === undefined || isSmall(table)) return [];
  return [{ kind: 'seq-scan', table, found: `${table} is read from end to end` }];
}

function checkScan(
  expected: ExpectedScan,
  nodes: readonly PlanNode[],
  { mayReadWhole }: PlanExpectation,
  circumstances: PlanCircumstances,
  small: boolean,
): PlanDeviation[] {
  const { table, index, indexOnly } = expected;
  const scan = nodes.find((node) => index.test(node['Index Name'] ?? ''));
  if (!scan) {
    if (small || mayReadWhole) return [];
    const instead = nodes.filter((node) => node['Relation Name'] === table).map(describeScan);
    return [
      {
        kind: 'index',
        table,
        found: `${table} is not read by ${nameOf(index)} but by ${instead.join(', ') || 'nothing'}`,
      },
    ];
  }
  const deviations: PlanDeviation[] = [];
  if (indexOnly && scan['Node Type'] !== 'Index Only Scan' && !small) {
    deviations.push({ kind: 'index', table, found: `${describeScan(scan)} where the index alone would do` });
  }
  const read = (scan['Actual Rows'] ?? 0) * (scan['Actual Loops'] ?? 1);
  const fetches = scan['Heap Fetches'] ?? 0;
  if (indexOnly && fetches > read * circumstances.heapFetchShare) {
    deviations.push({
      kind: 'heap-fetches',
      table,
      found: `${scan['Index Name']} looked up ${fetches} of ${read} rows in the table`,
    });
  }
  const rows = scan['Actual Rows'] ?? circumstances.tenantRows;
  // How many of the tenant's rows access lists hide from whoever asks is not for the planner to know.
  const seen =
    rows === undefined ? undefined : between(scan['Plan Rows'], rows, rows + (scan['Rows Removed by Filter'] ?? 0));
  if (expected.everyRow && rows !== undefined && seen !== undefined && isFarOff(scan['Plan Rows'], seen)) {
    deviations.push({
      kind: 'estimate',
      table,
      found: `the planner expects ${scan['Plan Rows']} rows of ${table} where there are ${rows}`,
    });
  }
  return deviations;
}

function between(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}

function isFarOff(expected: number, actual: number): boolean {
  const [less, more] = [Math.min(expected, actual), Math.max(expected, actual)];
  return more > less * estimateFactor && more - less > estimateSlack;
}

function describeScan(node: PlanNode): string {
  return [node['Node Type'], node['Index Name']].filter(Boolean).join(' of ');
}

function nameOf(index: RegExp): string {
  return index.source.replaceAll(/[\^$()]/g, '').replaceAll('|', ' or ');
}

function flatten(node: PlanNode): PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(flatten)];
}
