import { counted } from '../counted.ts';
import { type Finding, orOk } from './finding.ts';

export interface TierFacts {
  readonly crossover: number;
  readonly tenants: number;
  /** What a review would do now; whose tenant or model is gone has none. */
  readonly steps: readonly {
    readonly step: string;
    readonly index: string;
    readonly tenantId?: string;
    readonly chunks: number;
  }[];
}

/** Tenants that are indexed otherwise than their size asks for. */
export function checkTiers({ crossover, tenants, steps }: TierFacts): Finding[] {
  const check = 'tiers';
  const findings = steps.map(({ step, index, tenantId, chunks }): Finding => {
    const whose =
      tenantId === undefined ? 'a tenant or model that is gone' : `${tenantId}, ${counted(chunks, 'chunk')}`;
    return {
      check,
      level: 'warning',
      found: `${index} of ${whose}: ${asked[step] ?? `a review would ${step} it`}`,
      fix: 'Run "tessera tiers --apply", or give a worker MIGRATE_DATABASE_URL, which then keeps tiers by itself.',
    };
  });
  return orOk(
    findings,
    check,
    `${counted(tenants, 'tenant is', 'tenants are')} indexed as their size asks for; a graph from ${counted(crossover, 'chunk')} on`,
  );
}

const asked: Readonly<Record<string, string>> = {
  build: 'there should be one and there is none',
  rebuild: 'it was left unfinished',
  adopt: 'it is there and not recorded',
  drop: 'it is not wanted any more',
  forget: 'it is recorded and not there',
};
