import type { TenantTier, TierStatus } from '../tiers/read-tier-status.ts';
import { formatCount } from './format.ts';

const nameWidth = 28;

/** The tiers of all tenants, for a terminal of 80 columns. */
export function formatTierStatus({ crossover, tenants, orphans }: TierStatus): string[] {
  const from = crossover.measuredAt
    ? `measured ${crossover.measuredAt.toISOString().slice(0, 10)}`
    : 'the default; see "tessera tune"';
  return [
    `A graph is worth it from ${formatCount(crossover.chunks)} chunks on (${from}).`,
    '',
    `${'tenant'.padEnd(nameWidth)}${'chunks'.padStart(12)}  tier   ${'graph'.padEnd(9)}${'MB'.padStart(8)}${'bytes/chunk'.padStart(13)}`,
    ...tenants.map(tenantLine),
    ...(tenants.length === 0 ? ['There are no tenants with documents yet.'] : []),
    ...orphans.map(({ name }) => `${name}: its tenant or model is gone; --apply drops it.`),
  ];
}

function tenantLine({ tenantId, model, role, tier, chunks, graph }: TenantTier): string {
  const name = role === 'active' ? tenantId : `${tenantId} (${role}: ${model})`;
  const shown = name.length < nameWidth ? name : `${name.slice(0, nameWidth - 2)}…`;
  const state = graph ? (graph.valid ? 'valid' : 'unfinished') : '-';
  const line = `${shown.padEnd(nameWidth)}${formatCount(chunks).padStart(12)}  ${tier.padEnd(5)}  ${state.padEnd(9)}`;
  if (!graph?.valid) return line.trimEnd();
  const bytesPerChunk = chunks > 0 ? formatCount(Math.round(graph.sizeBytes / chunks)) : '-';
  return `${line}${(graph.sizeBytes / 1e6).toFixed(1).padStart(8)}${bytesPerChunk.padStart(13)}`;
}
