import { type Finding, orOk } from './finding.ts';

/** What is out of step between the chunks and vectors of one tenant. */
export interface DriftFacts {
  readonly tenant: string;
  /** Undefined where there was no time to look at all of it. */
  readonly drifts: readonly { readonly kind: string; readonly count: number }[] | undefined;
}

/** Whether every chunk has the vectors that belong to it, and no others. */
export function checkDrift(looked: readonly DriftFacts[]): Finding[] {
  const check = 'drift';
  // That no tenant has vectors is told where plans are.
  if (looked.length === 0) return [];
  const findings = looked.flatMap(({ tenant, drifts }): Finding[] => {
    if (!drifts) {
      const found = `${tenant} is too large to be looked through here: "tessera reconcile --tenant ${tenant}" does`;
      return [{ check, level: 'skipped', found }];
    }
    if (drifts.length === 0) return [];
    const counts = new Map<string, number>();
    for (const { kind, count } of drifts) counts.set(kind, (counts.get(kind) ?? 0) + count);
    const kinds = [...counts].map(([kind, count]) => `${count} ${kind}`).join(', ');
    return [
      {
        check,
        level: 'fault',
        found: `${tenant}: chunks and vectors are out of step: ${kinds}`,
        fix: `Run "tessera reconcile --mend --tenant ${tenant}"; docs/operations.md says what each kind is.`,
      },
    ];
  });
  return orOk(findings, check, `chunks and vectors of ${looked.map(({ tenant }) => tenant).join(', ')} are in step`);
}
