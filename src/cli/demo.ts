import type { ServerConfig } from '../config/config.ts';
import { StartupError } from '../errors.ts';
import type { GraphQLDeps } from '../graphql/context.ts';
import type { Logger } from '../log.ts';
import { readTenantFacts } from '../tenants/read-tenant.ts';
import type { WorkerDeps } from '../worker/embed-batch.ts';
import { openApplication } from './application.ts';
import { readArguments, refuseWords } from './arguments.ts';
import type { Command, CommandContext } from './command.ts';
import { demoPrincipal, demoTenants, loadDemoData, readDemoExamples } from './demo-data.ts';
import { curlLine, demoTokens } from './demo-tokens.ts';
import { openWorker } from './open-worker.ts';
import { waitForVectors } from './wait-for-vectors.ts';

const usage = 'tessera demo';

export const demo: Command = {
  name: 'demo',
  help: `${usage}

Loads three demo tenants into the database of DATABASE_URL, and prints a token
for each and a search to paste, with the gateway's address from HOST and PORT.
With WORKER_DATABASE_URL it embeds their documents itself; else it waits for a
worker to do it. Safe to run again: a tenant with documents is left as it is.

With the embedded database there is no need for it: "tessera serve" loads the
demo tenants at its first start.`,
  async run(context, args) {
    const { positionals, refuse } = readArguments(usage, {}, args);
    refuseWords(positionals, refuse);
    const config = context.config();
    if (config.mode === 'embedded') {
      throw new StartupError(
        'There is no DATABASE_URL, and with the embedded database "tessera serve" loads the demo tenants by itself.',
      );
    }
    const tokens = await demoTokens(config);
    await load(context, config);
    await printExamples(context, config, tokens);
  },
};

async function load(context: CommandContext, config: ServerConfig): Promise<void> {
  const log = context.logger();
  const app = await openApplication(config, log);
  let worker: WorkerDeps | undefined;
  try {
    worker = app.workerDeps ? undefined : await openOwnWorker(config, log);
    const stored = await loadDemoData(app.deps, app.workerDeps ?? worker, context.signal);
    context.print(
      stored > 0
        ? `Stored ${stored} demo documents of ${demoTenants.length} tenants.`
        : 'The demo tenants are there already.',
    );
    const pending = await waitForVectors({ signal: context.signal, readPending: () => countPending(app.deps) });
    if (pending > 0) context.note(`${pending} chunks wait for their vectors. Start a worker with "tessera work".`);
  } finally {
    await worker?.database.close();
    await app.close();
  }
}

/** Without a login of its own, the worker's work is left to another process. */
async function openOwnWorker(config: ServerConfig, log: Logger): Promise<WorkerDeps | undefined> {
  const { url, workerUrl } = config.database;
  return url.reveal() === workerUrl.reveal() ? undefined : openWorker(config, log);
}

async function countPending(deps: GraphQLDeps): Promise<number> {
  const facts = await Promise.all(demoTenants.map((tenantId) => readTenantFacts(deps, demoPrincipal(tenantId))));
  return facts.reduce((sum, { pendingChunks }) => sum + pendingChunks, 0);
}

async function printExamples(
  context: CommandContext,
  { http: { host, port } }: ServerConfig,
  tokens: ReadonlyMap<string, string>,
): Promise<void> {
  for (const [tenant, token] of tokens) context.print(`\nToken of tenant ${tenant}, valid for 30 days:\n${token}`);
  const [example] = await readDemoExamples();
  if (!example) return;
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  const curl = curlLine(url, tokens.get(example.tenant) ?? '', example.query);
  context.print(`\nAsk ${example.tenant} "${example.query}":\n\n${curl}`);
}
