import type { Database } from '../db/database.ts';
import type { PlannedStep } from '../tiers/plan-tiers.ts';
import { markProgress } from '../tiers/progress-marks.ts';
import { readTierStatus } from '../tiers/read-tier-status.ts';
import { type ReviewOptions, reviewTiers } from '../tiers/review-tiers.ts';
import { readCount } from './argument-values.ts';
import { readArguments, refuseWords } from './arguments.ts';
import type { Command, CommandContext } from './command.ts';
import { openGatewayDatabase } from './databases.ts';
import { formatCount, formatDuration } from './format.ts';
import { interruption } from './interruption.ts';
import { openOwner } from './open-owner.ts';
import { formatTierStatus } from './tier-table.ts';

const usage = 'tessera tiers [--status | --apply] [--crossover CHUNKS] [--word-crossover CHUNKS]';

export const tiers: Command = {
  name: 'tiers',
  help: `${usage}

Shows how each tenant is indexed, or brings it up to date. A small tenant is
read from covering indexes from end to end, and misses nothing; a large one has
a graph of its own for meaning, and a word index for each large language.

  --status             show tenants, largest first, and change nothing; this is
                       what it does without an option
  --apply              count, then build the indexes that are missing and drop
                       those that are not needed, one at a time, while searches
                       go on; as the owner, whose connection is
                       MIGRATE_DATABASE_URL
  --crossover CHUNKS   size from which a graph is worth it, this once; without
                       it, what "tessera tune" measured, else 12,000
  --word-crossover CHUNKS
                       the same for word indexes; without it, 12,000

A worker that has MIGRATE_DATABASE_URL does the same by itself. Interrupted at
any point, the next one takes it up.`,
  async run(context, args) {
    const { values, positionals, refuse } = readArguments(
      usage,
      {
        status: { type: 'boolean', default: false },
        apply: { type: 'boolean', default: false },
        crossover: { type: 'string' },
        'word-crossover': { type: 'string' },
      },
      args,
    );
    refuseWords(positionals, refuse);
    if (values.status && values.apply) throw refuse('--status and --apply are given; one of them is allowed.');
    const readCrossover = (option: 'crossover' | 'word-crossover') => {
      const value = values[option];
      if (value === undefined) return undefined;
      if (!values.apply) throw refuse(`--${option} goes with --apply.`);
      return readCount(`--${option}`, value, [1, 100_000_000], refuse);
    };
    const [crossover, wordCrossover] = [readCrossover('crossover'), readCrossover('word-crossover')];
    const { database } = values.apply
      ? { database: await openOwner(context.config(), context.logger(), 'building indexes') }
      : await openGatewayDatabase(context.config(), context.logger());
    try {
      if (values.apply)
        await apply(context, database, {
          ...(crossover !== undefined && { crossover }),
          ...(wordCrossover !== undefined && { wordCrossover }),
        });
      else for (const line of formatTierStatus(await readTierStatus(database))) context.print(line);
    } finally {
      await database.close();
    }
  },
};

async function apply(
  context: CommandContext,
  owner: Database,
  crossovers: Pick<ReviewOptions, 'crossover' | 'wordCrossover'>,
): Promise<void> {
  const { signal } = context;
  const review = await reviewTiers(owner, {
    ...crossovers,
    signal,
    onStep: (step) =>
      context.note(`${describeStep(step)}${step.state ? `, ${formatCount(step.state.chunks)} chunks` : ''}`),
    onProgress: markProgress(({ phase, percent }) => context.note(`  ${phase}, ${percent} % of the chunks`)),
  }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
    throw interruption(signal, 'Stopped. An index that was being built was dropped; searches go on without it.');
  });
  if (review.busy) {
    context.print('Another process is at it; nothing was done here.');
    return;
  }
  for (const change of review.changes)
    context.print(`${describeStep(change)}: done in ${formatDuration(change.tookMs)}`);
  for (const step of review.waiting)
    context.print(`${describeStep(step)}: not begun, because the tenant is being loaded; run it again afterwards`);
  if (review.changes.length + review.failures.length + review.waiting.length === 0)
    context.print('Every tenant is indexed as it should be.');
  for (const failed of review.failures)
    context.note(`tessera: ${failed.step} ${failed.index} failed: ${reasonOf(failed.error)}`);
  const [failure] = review.failures;
  if (failure) throw failure.error;
}

function describeStep({ step, index, state }: PlannedStep): string {
  if (!state) return `${step} ${index}`;
  const { target } = state;
  return `${step} ${index} of ${target.tenantId}${'language' in target ? `, ${target.language}` : ''}`;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
