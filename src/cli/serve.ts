import type { Config, EmbeddedConfig } from '../config/config.ts';
import type { GraphQLDeps } from '../graphql/context.ts';
import { listen } from '../http/listen.ts';
import { type Application, type ApplicationOptions, openApplication } from './application.ts';
import { readArguments, refuseWords } from './arguments.ts';
import type { Command, CommandContext } from './command.ts';
import { demoTenants, loadDemoData, readDemoExamples } from './demo-data.ts';
import { demoGraphiqlTenants } from './demo-graphiql.ts';
import { curlLine, demoTokens } from './demo-tokens.ts';
import { stopped } from './stopped.ts';

const usage = 'tessera serve';

export const serve: Command = {
  name: 'serve',
  help: `${usage}

Runs the gateway until it is stopped. Settings come from the environment;
.env.example lists them all.

Without DATABASE_URL it keeps an embedded PostgreSQL in DATA_DIR (.tessera),
loads three demo tenants at the first start, and listens on this machine only.
With DATABASE_URL it serves that database, which "tessera migrate" has prepared.`,
  async run(context, args) {
    const { positionals, refuse } = readArguments(usage, {}, args);
    refuseWords(positionals, refuse);
    const config = context.config();
    if (config.mode === 'embedded') await serveEmbedded(context, config);
    else await serveServer(context, config);
  },
};

async function serveServer(context: CommandContext, config: Config): Promise<void> {
  const log = context.logger();
  await serveUntilStopped(context, config, {}, async (_, url) => log.info({ url }, 'listening'));
  log.info('stopped');
}

/** For a person at a terminal: what they need is printed, and the log speaks up only when something is wrong. */
async function serveEmbedded(context: CommandContext, config: EmbeddedConfig): Promise<void> {
  context.print(`Tessera opens its database in ${config.dataDir} ...`);
  const tokens = await demoTokens(config);
  const examples = await readDemoExamples();
  // Whoever explores may try everything; the search page needs no more than to search and read.
  const explorers = await demoTokens(config, ['tenant:admin']);
  const withVectors = config.embedder.kind === 'static';
  const graphiql = (deps: GraphQLDeps) => ({
    tabs: [],
    tenants: () => demoGraphiqlTenants(deps, explorers, withVectors),
  });
  const searchPage = {
    tenants: demoTenants.map((name) => ({
      name,
      token: tokens.get(name) ?? '',
      examples: examples.flatMap(({ tenant, query }) => (tenant === name ? [query] : [])),
    })),
  };
  await serveUntilStopped(context, config, { graphiql, searchPage }, async (app, url) => {
    const stored = await loadDemoData(app.deps, app.workerDeps, context.signal);
    if (context.signal.aborted) return;
    if (stored > 0) context.print(`Stored ${stored} demo documents of ${demoTenants.length} tenants.`);
    context.print('\nTessera is ready.\n');
    if (config.http.searchPage) context.print(`  Search    ${url}/`);
    context.print(`  GraphiQL  ${url}/graphql`);
    if (config.http.graphiql) context.print('            with examples in its tabs and a token in each');
    for (const tenant of demoTenants.slice(0, 2))
      context.print(`\n  Token of tenant ${tenant}, valid for 30 days:\n\n${tokens.get(tenant)}`);
    const [example] = examples;
    if (example) {
      const curl = curlLine(url, tokens.get(example.tenant) ?? '', example.query);
      context.print(`\n  Ask ${example.tenant} "${example.query}":\n\n${curl}`);
    }
    context.print('\n  Stop with Ctrl+C; the data stays.');
  });
  context.print('Stopped.');
}

async function serveUntilStopped(
  context: CommandContext,
  config: Config,
  options: ApplicationOptions,
  onListening: (app: Application, url: string) => Promise<void>,
): Promise<void> {
  const app = await openApplication(config, context.logger(), options);
  try {
    const listening = await listen(app.gateway, config.http);
    try {
      await app.announce(listening.url);
      await onListening(app, listening.url);
      await stopped(context.signal);
    } finally {
      await Promise.all([listening.close(), app.endSubscriptions()]);
    }
  } finally {
    await app.close();
  }
}
