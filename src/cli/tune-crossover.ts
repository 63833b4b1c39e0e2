import type { Database } from '../db/database.ts';
import { measureStageOne } from '../recall/measure-stage-one.ts';
import { recordCrossover } from '../tiers/crossover.ts';
import { readTierStatus, type TierStatus } from '../tiers/read-tier-status.ts';
import { reviewTiers } from '../tiers/review-tiers.ts';
import type { CommandContext } from './command.ts';
import { formatCount } from './format.ts';
import { openOwner } from './open-owner.ts';

/** A graph of fewer chunks tells nothing: there is no size so small at which it would win. */
const leastChunks = 2_000;

/**
 * Measures on the largest tenant that has a graph from which size on a graph is worth it, and stores that. The embedded
 * database has no graphs.
 * @param options.build where nobody has a graph, build one for the largest tenant; the next review decides if it stays.
 */
export async function tuneCrossover(
  context: CommandContext,
  database: Database,
  { build }: { readonly build: boolean },
): Promise<void> {
  if (context.config().mode === 'embedded') return;
  let status = await readTierStatus(database);
  if (build && !withGraph(status)) {
    await buildForLargest(context, status);
    status = await readTierStatus(database);
  }
  const tenant = withGraph(status);
  if (!tenant) {
    context.print(
      `No tenant has a graph, so there is nothing to compare: one is built from ${formatCount(status.crossover.chunks)} chunks on.`,
    );
    return;
  }
  const times = await measureStageOne(database, tenant.tenantId);
  const crossover = times && (await recordCrossover(database, times));
  if (!times || crossover === undefined) {
    context.note('tessera: the size from which a graph is worth it could not be told; it stays as it was.');
    return;
  }
  const { chunks, exactMs, graphMs } = times;
  context.print(
    `A graph is worth it from ${formatCount(crossover)} chunks on: of ${tenant.tenantId} (${formatCount(chunks)} chunks)\n` +
      `the covering index took ${exactMs.toFixed(1)} ms and the graph ${graphMs.toFixed(1)} ms for ${times.candidates} candidates.`,
  );
}

function withGraph({ tenants }: TierStatus) {
  return tenants.find(({ role, tier, graph }) => role === 'active' && tier === 'hnsw' && graph?.valid);
}

async function buildForLargest(context: CommandContext, { tenants }: TierStatus): Promise<void> {
  const largest = tenants.find(({ role }) => role === 'active');
  if (!largest || largest.chunks < leastChunks) return;
  context.note(`Building a graph for ${largest.tenantId}, ${formatCount(largest.chunks)} chunks.`);
  const owner = await openOwner(context.config(), context.logger(), 'building a graph');
  try {
    await reviewTiers(owner, { crossover: largest.chunks - 1, signal: context.signal });
  } finally {
    await owner.close();
  }
}
