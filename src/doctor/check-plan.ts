import type {
  ExpectedScan,
  PlanCircumstances,
  PlanDeviation,
  PlanExpectation,
  ScanCounts,
} from './plan-expectation.ts';
import { flatten, type PlanNode, stageNode, type TableScan, tableScans } from './plan-node.ts';

/** Pages below which PostgreSQL may prefer the table to any index on it. */
const smallTablePages = 64;
/** Estimates within this factor lead to the same plan. A planner that cannot see the tenant is off by far more. */
const estimateFactor = 3;
/** Rows by which an estimate may be off whatever the factor: tenants this small are beneath the statistics' notice. */
const estimateSlack = 1_000;
/** Rows below which all of a tenant's are looked through in some 0.1 ms. */
const fewRows = 1_000;
/** Share of a table that a tenant must be for the table to be read from end to end on its behalf. */
const mostOfTable = 0.5;
/** Rows that a plan for any tenant may throw away: more than there are candidates stands for a tenant that was gone through. */
const mostWaste = 200;

/** Compares a plan with what is expected of it. */
export function checkPlan(root: PlanNode, expectation: PlanExpectation, known: PlanCircumstances): PlanDeviation[] {
  const scans = tableScans(root);
  const places = new Set([...scans, ...expectation.scans].map(placeOf));
  return [
    ...[...places].flatMap((place) => {
      const own = scans.filter((scan) => placeOf(scan) === place);
      const expected = expectation.scans.filter((scan) => placeOf(scan) === place);
      return checkPlace(own, expected, expectation, known);
    }),
    ...checkCounted(root, scans, expectation),
    ...(expectation.isPlannedOnce ? checkWaste(root) : []),
  ];
}

/** A table in a part of the statement. */
function placeOf({ stage, table }: Pick<TableScan, 'stage' | 'table'>): string {
  return `${stage ?? ''} ${table}`;
}

function checkPlace(
  scans: readonly TableScan[],
  expected: readonly ExpectedScan[],
  { isPlannedOnce }: PlanExpectation,
  known: PlanCircumstances,
): PlanDeviation[] {
  const [{ table, stage } = { table: '', stage: undefined }] = [...scans, ...expected];
  const isSmall = isFew(table, known);
  const mayReadWhole = isSmall || (expected.some((one) => one.mayReadWhole === true) && isMost(table, known));
  const where = stage === undefined ? '' : ` in ${stage}`;
  const whole = scans.filter(({ indexes }) => indexes.length === 0);
  const deviations: PlanDeviation[] =
    whole.length === 0 || mayReadWhole
      ? []
      : [{ kind: 'seq-scan', table, found: `${table} is read from end to end${where}` }];
  const serves = ({ index, ofFew }: ExpectedScan, name: string) =>
    index.test(name) || (ofFew?.test(name) === true && (known.tenantRows ?? fewRows) < fewRows);
  const scansOf = (one: ExpectedScan) => scans.filter(({ indexes }) => indexes.some((name) => serves(one, name)));
  const missing = isSmall ? [] : expected.filter((one) => scansOf(one).length === 0);
  const read = scans.map(describeScan).join(', ') || 'nothing';
  if (missing.length > 0 && !(mayReadWhole && whole.length > 0)) {
    const wanted = missing.map(({ index }) => nameOf(index)).join(' and ');
    deviations.push({ kind: 'index', table, found: `${table} is not read by ${wanted} but by ${read}${where}` });
  } else if (!isSmall) {
    const strange = scans.filter(({ indexes }) => !indexes.every((name) => expected.some((one) => serves(one, name))));
    for (const scan of strange)
      deviations.push({ kind: 'index', table, found: `${table} is also read by ${describeScan(scan)}${where}` });
  }
  for (const one of expected) {
    for (const scan of scansOf(one)) {
      deviations.push(...checkIndexOnly(one, scan, isSmall, known), ...checkRun(one, scan));
      if (!isPlannedOnce) deviations.push(...checkEstimate(one, scan, known));
    }
  }
  return deviations;
}

/** A table whose pages nobody knows is not taken for a small one. */
function isFew(table: string, { pages }: PlanCircumstances): boolean {
  return (pages.get(table) ?? Number.POSITIVE_INFINITY) < smallTablePages;
}

function isMost(table: string, { rows, tenantRows }: PlanCircumstances): boolean {
  const all = rows?.get(table);
  return all !== undefined && tenantRows !== undefined && tenantRows > all * mostOfTable;
}

function checkIndexOnly(
  { indexOnly }: ExpectedScan,
  { table, node, indexes }: TableScan,
  isSmall: boolean,
  { heapFetchShare }: PlanCircumstances,
): PlanDeviation[] {
  if (!indexOnly) return [];
  if (node['Node Type'] !== 'Index Only Scan') {
    const found = `${describeScan({ node, indexes })} where the index alone would do`;
    return isSmall ? [] : [{ kind: 'index', table, found }];
  }
  const read = (node['Actual Rows'] ?? 0) * (node['Actual Loops'] ?? 1);
  const fetches = node['Heap Fetches'] ?? 0;
  if (fetches <= read * heapFetchShare) return [];
  return [
    { kind: 'heap-fetches', table, found: `${indexes.join()} looked up ${fetches} of ${read} rows in the table` },
  ];
}

function checkRun({ runs }: ExpectedScan, { table, node, indexes }: TableScan): PlanDeviation[] {
  const loops = node['Actual Loops'];
  if (runs === undefined || loops === undefined || loops > 0 === runs) return [];
  const found = runs
    ? `${indexes.join()} is not read, and something else in its place`
    : `${table} is read by ${describeScan({ node, indexes })}, which should not have been begun`;
  return [{ kind: 'run', table, found }];
}

function checkEstimate(
  { estimate }: ExpectedScan,
  { table, node }: TableScan,
  { tenantRows }: PlanCircumstances,
): PlanDeviation[] {
  const loops = node['Actual Loops'] ?? 0;
  // Of workers side by side each reads a part, and the estimate is that of one.
  const shares = node['Parallel Aware'] ? Math.max(1, loops) : 1;
  const read = loops > 0 ? shares * (node['Actual Rows'] ?? 0) : undefined;
  const rows = estimate === 'read' ? (read ?? tenantRows) : tenantRows;
  if (estimate === undefined || rows === undefined) return [];
  const planned = shares * node['Plan Rows'];
  // How many of the tenant's rows access lists hide from whoever asks is not for the planner to know.
  const hidden = loops > 0 ? (node['Rows Removed by Filter'] ?? 0) : 0;
  if (!isFarOff(planned, Math.min(rows + hidden, Math.max(rows, planned)))) return [];
  return [
    { kind: 'estimate', table, found: `the planner expects ${planned} rows of ${table} where there are ${rows}` },
  ];
}

function isFarOff(expected: number, actual: number): boolean {
  const [less, more] = [Math.min(expected, actual), Math.max(expected, actual)];
  return more > less * estimateFactor && more - less > estimateSlack;
}

/** Compares what a statement read, its functions included, with what is expected of those. */
export function checkFunctions(
  counts: ScanCounts,
  { inFunctions }: PlanExpectation,
  known: PlanCircumstances,
): PlanDeviation[] {
  if (!inFunctions) return [];
  const { table, index } = inFunctions;
  if (isFew(table, known)) return [];
  const deviations: PlanDeviation[] = [];
  if ((counts.get(table) ?? 0) > 0 && !isMost(table, known)) {
    deviations.push({ kind: 'seq-scan', table, found: `${table} is read from end to end by a function` });
  }
  if (index && ![...counts].some(([name, scans]) => scans > 0 && index.test(name))) {
    deviations.push({ kind: 'index', table, found: `${table} is not read by ${nameOf(index)} in any function` });
  }
  return deviations;
}

/** Whether the count of what is permitted decided as it should. */
function checkCounted(
  root: PlanNode,
  scans: readonly TableScan[],
  { permittedBudget }: PlanExpectation,
): PlanDeviation[] {
  const permitted = stageNode(root, 'permitted')?.['Actual Rows'];
  if (permittedBudget === undefined || permitted === undefined) return [];
  const graph = scans.find(({ stage, table }) => stage === 'candidates' && table === 'embeddings');
  const isSearched = (graph?.node['Actual Loops'] ?? 0) > 0;
  if (isSearched === permitted > permittedBudget) return [];
  const found = isSearched
    ? `the graph is searched though ${permitted} chunks, within the budget of ${permittedBudget}, are permitted`
    : `the graph is not searched though more than ${permittedBudget} chunks are permitted`;
  return [{ kind: 'run', table: 'embeddings', found }];
}

function checkWaste(root: PlanNode): PlanDeviation[] {
  return flatten(root).flatMap((node) => {
    const thrown = (node['Rows Removed by Join Filter'] ?? 0) + (node['Rows Removed by Filter'] ?? 0);
    const rows = thrown * (node['Actual Loops'] ?? 1);
    const table = node['Relation Name'] ?? 'embeddings';
    return rows > mostWaste ? [{ kind: 'waste', table, found: `${rows} rows are read in vain` }] : [];
  });
}

function describeScan({ node, indexes }: Pick<TableScan, 'node' | 'indexes'>): string {
  return [node['Node Type'], indexes.join(' and ')].filter(Boolean).join(' of ');
}

function nameOf(index: RegExp): string {
  return index.source.replaceAll(/[\^$()]/g, '').replaceAll('|', ' or ');
}
