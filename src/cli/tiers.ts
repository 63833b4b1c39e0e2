import type { Database } from '../db/database.ts';
import { markProgress } from '../tiers/progress-marks.ts';
import { readTierStatus } from '../tiers/read-tier-status.ts';
import { reviewTiers } from '../tiers/review-tiers.ts';
import { readCount } from './argument-values.ts';
import { readArguments, refuseWords } from './arguments.ts';
import type { Command, CommandContext } from './command.ts';
import { openGatewayDatabase } from './databases.ts';
import { formatCount, formatDuration } from './format.ts';
import { interruption } from './interruption.ts';
import { openOwner } from './open-owner.ts';
import { formatTierStatus } from './tier-table.ts';

const usage = 'tessera tiers [--status | --apply] [--crossover CHUNKS]';

export const tiers: Command = {
  name: 'tiers',
  help: `${usage}

Shows how each tenant is indexed, or brings it up to date. A small tenant is
read from a covering index from end to end, and misses nothing; a large one has
a graph of its own.

  --status             show tenants, largest first, and change nothing; this is
                       what it does without an option
  --apply              count, then build the graphs that are missing and drop
                       those that are not needed, one at a time, while searches
                       go on; as the owner, whose connection is
                       MIGRATE_DATABASE_URL
  --crossover CHUNKS   size from which a graph is worth it, this once; without
                       it, what "tessera tune" measured, else 12,000

A worker that has MIGRATE_DATABASE_URL does the same by itself. Interrupted at
any point, the next one takes it up.`,
  async run(context, args) {
    const { values, positionals, refuse } = readArguments(
      usage,
      {
        status: { type: 'boolean', default: false },
        apply: { type: 'boolean', default: false },
        crossover: { type: 'string' },
      },
      args,
    );
    refuseWords(positionals, refuse);
    if (values.status && values.apply) throw refuse('--status and --apply are given; one of them is allowed.');
    if (values.crossover !== undefined && !values.apply) throw refuse('--crossover goes with --apply.');
    const crossover =
      values.crossover === undefined ? undefined : readCount('--crossover', values.crossover, [1, 100_000_000], refuse);
    const { database } = values.apply
      ? { database: await openOwner(context.config(), context.logger(), 'building indexes') }
      : await openGatewayDatabase(context.config(), context.logger());
    try {
      if (values.apply) await apply(context, database, crossover);
      else for (const line of formatTierStatus(await readTierStatus(database))) context.print(line);
    } finally {
      await database.close();
    }
  },
};

async function apply(context: CommandContext, owner: Database, crossover: number | undefined): Promise<void> {
  const { signal } = context;
  const review = await reviewTiers(owner, {
    ...(crossover !== undefined && { crossover }),
    signal,
    onStep: ({ step, index, target, chunks }) =>
      context.note(`${step} ${index}${target ? ` of ${target.tenantId}, ${formatCount(chunks)} chunks` : ''}`),
    onProgress: markProgress(({ phase, percent }) => context.note(`  ${phase}, ${percent} % of the chunks`)),
  }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
    throw interruption(signal, 'Stopped. A graph that was being built was dropped; searches go on without it.');
  });
  if (review.busy) {
    context.print('Another process is at it; nothing was done here.');
    return;
  }
  for (const { step, index, target, tookMs } of review.changes) {
    context.print(`${step} ${index}${target ? ` of ${target.tenantId}` : ''}: done in ${formatDuration(tookMs)}`);
  }
  if (review.changes.length + review.failures.length === 0) context.print('Every tenant is indexed as it should be.');
  for (const { step, index, error } of review.failures)
    context.note(`tessera: ${step} ${index} failed: ${reasonOf(error)}`);
  const [failure] = review.failures;
  if (failure) throw failure.error;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
