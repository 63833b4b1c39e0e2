import type { StoredIndex } from '../tiers/index-kind.ts';
import type { TenantTier, TenantWords, TierStatus } from '../tiers/read-tier-status.ts';
import { formatCount } from './format.ts';

const nameWidth = 28;
/** The longest is `indonesian`, and a blank. */
const languageWidth = 11;

/** The tiers of all tenants, for a terminal of 80 columns. */
export function formatTierStatus({ crossover, tenants, wordCrossover, words, orphans }: TierStatus): string[] {
  const from = crossover.measuredAt
    ? `measured ${crossover.measuredAt.toISOString().slice(0, 10)}`
    : 'the default; see "tessera tune"';
  return [
    `A graph is worth it from ${formatCount(crossover.chunks)} chunks on (${from}).`,
    '',
    `${'tenant'.padEnd(nameWidth)}${'chunks'.padStart(12)}  tier   ${'graph'.padEnd(9)}${'MB'.padStart(8)}${'bytes/chunk'.padStart(13)}`,
    ...tenants.map(tenantLine),
    ...(tenants.length === 0 ? ['There are no tenants with documents yet.'] : []),
    '',
    `A word index is worth it from ${formatCount(wordCrossover)} chunks of a language on.`,
    ...wordLines(words),
    ...orphans.map(({ name }) => `${name}: what it was built for is gone; --apply drops it.`),
  ];
}

function tenantLine({ tenantId, model, role, tier, chunks, graph }: TenantTier): string {
  const name = role === 'active' ? tenantId : `${tenantId} (${role}: ${model})`;
  const shown = shorten(name);
  const state = graph ? (graph.valid ? 'valid' : 'unfinished') : '-';
  const line = `${shown.padEnd(nameWidth)}${formatCount(chunks).padStart(12)}  ${tier.padEnd(5)}  ${state.padEnd(9)}`;
  return withSize(line, chunks, graph);
}

/** Languages that have a word index, or are told to. The others, most of them, are read from end to end. */
function wordLines(words: readonly TenantWords[]): string[] {
  const lines = words.filter(({ index, isRecorded }) => index || isRecorded).map(wordLine);
  if (lines.length === 0) return [];
  const title = `${'tenant'.padEnd(nameWidth)}${'chunks'.padStart(12)}  ${'language'.padEnd(languageWidth)}${'index'.padEnd(9)}`;
  return ['', `${title}${'MB'.padStart(8)}${'b/chunk'.padStart(8)}`, ...lines];
}

function wordLine({ tenantId, language, chunks, index }: TenantWords): string {
  const state = index ? (index.valid ? 'valid' : 'unfinished') : 'gone';
  const line = `${shorten(tenantId).padEnd(nameWidth)}${formatCount(chunks).padStart(12)}  ${language.padEnd(languageWidth)}${state.padEnd(9)}`;
  return withSize(line, chunks, index, 8);
}

function shorten(name: string): string {
  return name.length < nameWidth ? name : `${name.slice(0, nameWidth - 2)}…`;
}

function withSize(line: string, chunks: number, index: StoredIndex | undefined, width = 13): string {
  if (!index?.valid) return line.trimEnd();
  const bytesPerChunk = chunks > 0 ? formatCount(Math.round(index.sizeBytes / chunks)) : '-';
  return `${line}${(index.sizeBytes / 1e6).toFixed(1).padStart(8)}${bytesPerChunk.padStart(width)}`;
}
