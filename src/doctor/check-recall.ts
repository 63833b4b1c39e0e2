import { counted } from '../counted.ts';
import { type Finding, orOk } from './finding.ts';

/** How a tenant's active model is indexed now, and how it was when its recall was measured. */
export interface RecallFacts {
  readonly tenantId: string;
  readonly tier: 'exact' | 'hnsw';
  readonly chunks: number;
  /** Absent where recall was never measured. */
  readonly measured?: { readonly tier: 'exact' | 'hnsw'; readonly chunks: number };
}

/** A curve of a tenant that has grown or shrunk by more than this is not used any more. */
const staleFactor = 2;
/** Names in one sentence. */
const mostNames = 5;

/** Tenants whose recall nobody knows. A covering index misses nothing in stage one, so only graphs are asked for a curve. */
export function checkRecall(tenants: readonly RecallFacts[]): Finding[] {
  const check = 'recall';
  const missing = tenants.filter(({ tier, measured }) => tier === 'hnsw' && !measured);
  const stale = tenants.filter(
    ({ tier, chunks, measured }) =>
      measured &&
      (measured.tier !== tier || chunks > measured.chunks * staleFactor || chunks * staleFactor < measured.chunks),
  );
  const findings = [
    ...tell(check, missing, 'with a graph and without a curve: recall was never measured'),
    ...tell(check, stale, 'of another tier or size than when measured: the curve is not used'),
  ];
  const measured = tenants.filter((tenant) => tenant.measured).length;
  return orOk(
    findings,
    check,
    `${measured} of ${counted(tenants.length, 'tenant')} measured, and nobody else has a graph`,
  );
}

function tell(check: string, tenants: readonly RecallFacts[], what: string): Finding[] {
  if (tenants.length === 0) return [];
  const names = tenants
    .slice(0, mostNames)
    .map(({ tenantId }) => tenantId)
    .join(', ');
  const more = tenants.length > mostNames ? ' and others' : '';
  const fix =
    tenants.length === 1
      ? `Run "tessera tune --tenant ${names}".`
      : 'Run "tessera tune --all" while the server is quiet.';
  return [{ check, level: 'warning', found: `${counted(tenants.length, 'tenant')} ${what}: ${names}${more}`, fix }];
}
