import { counted } from '../counted.ts';
import { type Finding, orOk } from './finding.ts';

/** What is out of step between the documents, chunks and vectors of one tenant. */
export interface DriftFacts {
  readonly tenant: string;
  /** Undefined where there was no time to look at all of it. */
  readonly drifts: readonly { readonly kind: string; readonly count: number }[] | undefined;
}

/** What is known of the tenants that were not looked at now. */
export interface KnownDrift {
  /** Tenants that somebody has looked at. */
  readonly looked: number;
  /** Those that nobody has looked at yet. */
  readonly unknown: number;
  /** Age of the oldest of the looks; null where there is none. */
  readonly oldestSeconds: number | null;
  /** Tenants that were out of step. */
  readonly drifted: number;
  /** Of these, some with the most that is out of step. */
  readonly worst: readonly {
    readonly tenantId: string;
    readonly found: Readonly<Record<string, number>>;
    readonly agoSeconds: number;
  }[];
}

const check = 'drift';
/** Four times what a worker waits for by default. */
const staleSeconds = 24 * 3_600;

/**
 * Whether every document has the chunks that belong to it, every chunk the vectors, and neither any others.
 * @param looked tenants that were looked at now.
 * @param others what the last looks at all others found; absent where one tenant alone is asked about.
 */
export function checkDrift(looked: readonly DriftFacts[], others?: KnownDrift): Finding[] {
  const findings = [...looked.flatMap(checkLook), ...(others ? checkOthers(others) : [])];
  // That no tenant has vectors is told where plans are.
  if (looked.length === 0) return findings;
  const known = others?.looked
    ? `, and those of ${counted(others.looked, 'other tenant')} were at the last look, ${formatAgo(others.oldestSeconds ?? 0)} or later`
    : '';
  const names = looked.map(({ tenant }) => tenant).join(', ');
  return orOk(findings, check, `documents, chunks and vectors of ${names} are in step${known}`);
}

function checkLook({ tenant, drifts }: DriftFacts): Finding[] {
  if (!drifts) {
    const found = `${tenant} is too large to be looked through here: "tessera reconcile --tenant ${tenant}" does`;
    return [{ check, level: 'skipped', found }];
  }
  if (drifts.length === 0) return [];
  const counts: Record<string, number> = {};
  for (const { kind, count } of drifts) counts[kind] = (counts[kind] ?? 0) + count;
  return [faultOf(tenant, 'are out of step', counts)];
}

function checkOthers({ unknown, oldestSeconds, drifted, worst }: KnownDrift): Finding[] {
  const findings = worst.map(({ tenantId, found, agoSeconds }) =>
    faultOf(tenantId, `were out of step at the last look, ${formatAgo(agoSeconds)}`, found),
  );
  if (drifted > worst.length) {
    const more = counted(drifted - worst.length, 'tenant more was', 'tenants more were');
    const found = `${more} out of step at the last look, too`;
    findings.push({ check, level: 'fault', found, fix: 'Run "tessera reconcile", which names each of them.' });
  }
  if (unknown > 0) {
    const who = counted(unknown, 'other tenant was', 'other tenants were');
    const found = `${who} never looked at: a worker with DRIFT_CHECK_MINUTES above 0 does, and so does "tessera reconcile"`;
    findings.push({ check, level: 'skipped', found });
  }
  if (oldestSeconds !== null && oldestSeconds > staleSeconds) {
    const found = `some tenants were looked at ${formatAgo(oldestSeconds)}, and not since`;
    const fix = 'Run a worker with DRIFT_CHECK_MINUTES above 0, or "tessera reconcile".';
    findings.push({ check, level: 'warning', found, fix });
  }
  return findings;
}

function faultOf(tenant: string, state: string, counts: Readonly<Record<string, number>>): Finding {
  const kinds = Object.entries(counts)
    .map(([kind, count]) => `${count} ${kind}`)
    .join(', ');
  return {
    check,
    level: 'fault',
    found: `${tenant}: documents, chunks and vectors ${state}: ${kinds}`,
    fix: `Run "tessera reconcile --mend --tenant ${tenant}"; docs/operations.md says what each kind is.`,
  };
}

function formatAgo(seconds: number): string {
  if (seconds < 3_600) return `${counted(Math.round(seconds / 60), 'minute')} ago`;
  return seconds < 48 * 3_600
    ? `${counted(Math.round(seconds / 3_600), 'hour')} ago`
    : `${counted(Math.round(seconds / 86_400), 'day')} ago`;
}
