import type { Config } from '../config/config.ts';
import type { GraphiqlOptions } from '../http/graphiql-page.ts';
import { listen } from '../http/listen.ts';
import { type Application, openApplication } from './application.ts';
import type { Command, CommandContext } from './command.ts';
import { demoTenants, loadDemoData, readDemoExamples } from './demo-data.ts';
import { curlLine, demoTokens } from './demo-tokens.ts';
import { exampleTabs } from './example-tabs.ts';

export const serve: Command = {
  name: 'serve',
  summary: 'Run the gateway. Without DATABASE_URL: with an embedded database and demo tenants.',
  help: `tessera serve

Runs the gateway until it is stopped. Settings come from the environment; .env.example lists them all.

Without DATABASE_URL it keeps an embedded PostgreSQL in DATA_DIR (.tessera), loads three demo tenants at the first
start, and listens on this machine only. With DATABASE_URL it serves that database, which "tessera migrate" has prepared.`,
  async run(context) {
    const config = context.config();
    if (config.mode === 'embedded') await serveEmbedded(context, config);
    else await serveUntilStopped(context, config);
  },
};

async function serveEmbedded(context: CommandContext, config: Config): Promise<void> {
  context.print(`Tessera opens its database in ${config.dataDir} ...`);
  const tokens = await demoTokens(config);
  const examples = await readDemoExamples();
  const bearer = (tenant: string) => ({ authorization: `Bearer ${tokens.get(tenant) ?? ''}` });
  const [first = ''] = demoTenants;
  const graphiql = { tabs: exampleTabs(examples, bearer), headers: bearer(first) };
  await serveUntilStopped(context, config, graphiql, async (app, url) => {
    if (app.workerDeps) {
      const stored = await loadDemoData(app.deps, app.workerDeps);
      if (stored > 0) context.print(`Stored and embedded ${stored} demo documents of ${demoTenants.length} tenants.`);
    }
    context.print(`\nTessera is ready.\n\n  GraphiQL   ${url}/graphql  (examples in its tabs, a token in each)`);
    for (const tenant of demoTenants.slice(0, 2))
      context.print(`\n  Token of tenant ${tenant}, valid for 30 days:\n  ${tokens.get(tenant)}`);
    const example = examples[0];
    if (example)
      context.print(
        `\n  Ask ${example.tenant} "${example.query}":\n\n${curlLine(url, tokens.get(example.tenant) ?? '', example.query)}\n`,
      );
    context.print('  Stop with Ctrl+C; the data stays.');
  });
}

async function serveUntilStopped(
  context: CommandContext,
  config: Config,
  graphiql?: GraphiqlOptions,
  onReady?: (app: Application, url: string) => Promise<void>,
): Promise<void> {
  const log = context.logger();
  const app = await openApplication(config, log, graphiql ? { graphiql } : {});
  try {
    const listening = await listen(app.gateway, config.http);
    try {
      log.info({ url: listening.url }, 'listening');
      await onReady?.(app, listening.url);
      await stopped(context.signal);
      log.info('stopping: no new requests are taken');
    } finally {
      await listening.close();
    }
  } finally {
    await app.close();
  }
}

function stopped(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
