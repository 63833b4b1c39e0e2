import { existsSync } from 'node:fs';
import type { DatabaseConfig, EmbeddedConfig, ServerConfig } from '../config/config.ts';
import { inspectVector } from '../db/check-server.ts';
import { readEmbeddedHistory } from '../db/embedded-history.ts';
import { type LoginPassword, setLoginPasswords } from '../db/login-passwords.ts';
import { migrate as applyMigrations, type OwnerConnection } from '../db/migrate.ts';
import { readMigrations } from '../db/migration-files.ts';
import { asOwner } from '../db/owner-connection.ts';
import { readApplied } from '../db/schema-version.ts';
import { StartupError } from '../errors.ts';
import { readArguments, refuseWords } from './arguments.ts';
import type { Command, CommandContext } from './command.ts';
import { lockDataDir } from './data-dir-lock.ts';
import { embeddedFolder } from './databases.ts';
import { formatStatus } from './migration-status.ts';

const usage = 'tessera migrate [--status | --dry-run]';

export const migrate: Command = {
  name: 'migrate',
  help: `${usage}

Brings the schema of the database up to date, as the owner, whose connection is
MIGRATE_DATABASE_URL. Files are applied in order, each in its own transaction;
several that start at once take turns. Then it gives the logins tessera_gateway
and tessera_worker_login the passwords in GATEWAY_PASSWORD and WORKER_PASSWORD,
where those are set.

  --status    show which migrations are applied and when, and change nothing
  --dry-run   show what would be applied, and change nothing

The embedded database needs none of it: "tessera serve" migrates it when it
opens it.`,
  async run(context, args) {
    const flags = {
      status: { type: 'boolean', default: false },
      'dry-run': { type: 'boolean', default: false },
    } as const;
    const { values, positionals, refuse } = readArguments(usage, flags, args);
    refuseWords(positionals, refuse);
    if (values.status && values['dry-run']) throw refuse('--status and --dry-run are given; one of them is allowed.');
    const config = context.config();
    if (config.mode === 'embedded') return showEmbedded(context, config);
    await asOwner(ownerUrl(config), async (owner) => {
      if (values.status) context.print(formatStatus(await readMigrations(), await readApplied(owner)));
      else if (values['dry-run']) await showPending(context, owner);
      else await apply(context, owner, config.database);
    });
  },
};

function ownerUrl({ database }: ServerConfig): string {
  if (database.migrateUrl) return database.migrateUrl.reveal();
  throw new StartupError(
    'MIGRATE_DATABASE_URL: not set; "tessera migrate" needs the connection URL of the owner of the schema (see .env.example)',
    { exitCode: 78 },
  );
}

async function showPending(context: CommandContext, owner: OwnerConnection): Promise<void> {
  const pending = await applyMigrations(owner, await readMigrations(), { dryRun: true });
  for (const { name } of pending) context.print(`would apply ${name}`);
  if (pending.length === 0) context.print('The schema is up to date: nothing would be applied.');
}

async function apply(context: CommandContext, owner: OwnerConnection, database: DatabaseConfig): Promise<void> {
  const migrations = await readMigrations();
  const applied = await applyMigrations(owner, migrations, {
    onApply: ({ name }) => context.print(`applying ${name}`),
  });
  const done = applied.length > 0 ? `${applied.length} of ${migrations.length} migrations applied` : 'nothing to apply';
  context.print(`The schema is up to date: ${done}.`);
  const logins: LoginPassword[] = [];
  if (database.gatewayPassword) logins.push({ role: 'tessera_gateway', password: database.gatewayPassword });
  if (database.workerPassword) logins.push({ role: 'tessera_worker_login', password: database.workerPassword });
  if (logins.length > 0) {
    await setLoginPasswords(owner, logins);
    context.print(`Passwords set: ${logins.map(({ role }) => role).join(', ')}.`);
  }
  for (const warning of (await inspectVector(owner)).warnings) context.note(`tessera: ${warning}.`);
}

async function showEmbedded(context: CommandContext, config: EmbeddedConfig): Promise<void> {
  context.print(
    'There is no DATABASE_URL. The embedded database needs no command: "tessera serve" migrates it when it opens it.\n',
  );
  const migrations = await readMigrations();
  const folder = embeddedFolder(config);
  if (!existsSync(folder)) {
    context.print(`There is no database in ${config.dataDir} yet.\n\n${formatStatus(migrations, [])}`);
    return;
  }
  const lock = await lockDataDir(config.dataDir);
  try {
    context.print(formatStatus(migrations, await readEmbeddedHistory(folder)));
  } finally {
    await lock.release();
  }
}
