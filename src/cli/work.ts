import { StartupError } from '../errors.ts';
import { startTierKeeper } from '../tiers/tier-keeper.ts';
import { readArguments, refuseWords } from './arguments.ts';
import type { Command } from './command.ts';
import { withGatewayDatabase } from './databases.ts';
import { logUsage } from './embedders.ts';
import { openMetrics } from './open-metrics.ts';
import { hasOwner, openOwner } from './open-owner.ts';
import { openWorker } from './open-worker.ts';
import { runWorker } from './run-worker.ts';
import { stopped } from './stopped.ts';

const usage = 'tessera work';

export const work: Command = {
  name: 'work',
  help: `${usage}

Runs a worker until it is stopped: it embeds the documents that gateways have
stored, in batches, as the login of WORKER_DATABASE_URL. Any number of workers
may run side by side. With MIGRATE_DATABASE_URL it also builds and drops the
indexes of large tenants as they grow and shrink. With the embedded database
there is no need for a worker: "tessera serve" embeds by itself.`,
  async run(context, args) {
    const { positionals, refuse } = readArguments(usage, {}, args);
    refuseWords(positionals, refuse);
    const config = context.config();
    if (config.mode === 'embedded') {
      throw new StartupError(
        'There is no DATABASE_URL, and with the embedded database "tessera serve" embeds by itself. A worker of its own needs a PostgreSQL server.',
      );
    }
    const log = context.logger();
    const metrics = openMetrics(config, log);
    const opened = await openWorker(config, log, metrics);
    const counted = metrics?.openWorker(opened.database);
    const deps = { ...opened, ...(counted && { onWritten: counted.onWritten }) };
    try {
      const owner = hasOwner(config) ? await openOwner(config, log, 'building indexes') : undefined;
      try {
        const endMetrics = await metrics?.serve();
        const worker = runWorker(
          config,
          deps,
          {
            withOperator: (work) => (owner ? work(owner) : withGatewayDatabase(config, log, work)),
            onReport: counted?.onDrift,
          },
          log,
        );
        const tierKeeper = owner && startTierKeeper({ owner }, log);
        log.info(
          {
            model: deps.embedder.model.name,
            nextModel: deps.other?.embedder.model.name,
            keepsTiers: owner !== undefined,
          },
          'the worker embeds what is written',
        );
        await stopped(context.signal);
        log.info('stopping after the batch in hand');
        await Promise.all([worker.stop(), tierKeeper?.stop(), endMetrics?.()]);
      } finally {
        await owner?.close();
      }
    } finally {
      for (const { embedder } of deps.other ? [deps, deps.other] : [deps]) logUsage(embedder, log);
      await deps.database.close();
    }
  },
};
