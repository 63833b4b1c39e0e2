import type { Config } from '../config/config.ts';
import { counted } from '../counted.ts';
import { asOwner } from '../db/owner-connection.ts';
import { StartupError } from '../errors.ts';
import { attachTable } from '../ingest/sources/attach-table.ts';
import { backfill } from '../ingest/sources/backfill.ts';
import { inspectTable } from '../ingest/sources/inspect-table.ts';
import { listSources, retryFailures, type SourceState } from '../ingest/sources/list-sources.ts';
import type { Mapping } from '../ingest/sources/source.ts';
import { attachStatements } from '../ingest/sources/source-sql.ts';
import { languages } from '../language.ts';
import { readChoice, readTenant } from './argument-values.ts';
import { type Refuse, readArguments, refuseWords } from './arguments.ts';
import type { Command, CommandContext } from './command.ts';
import { formatCount } from './format.ts';

const usage =
  'tessera attach --table NAME --key COLUMNS --text COLUMNS --collection NAME (--tenant ID | --tenant-column COLUMN) [...] | --list | --resume NAME | --retry NAME';

export const attach: Command = {
  name: 'attach',
  help: `${usage}

Keeps the rows of a table that is there already as documents: triggers note what
applications change, in their own transactions, and workers write it. Then puts
the rows that are there into the outbox. Needs the connection of
MIGRATE_DATABASE_URL, of somebody who may create triggers on the table.

  --table NAME            the table as SQL names it, such as public.articles
  --key COLUMNS           what makes a row one row; the document's external id
  --title COLUMN          the title; the key without it
  --text COLUMNS          the text, joined by empty lines
  --metadata COLUMNS      the metadata, under the names of the columns
  --url COLUMN            where the document is to be read
  --collection NAME       the collection, best one that holds nothing else
  --tenant ID             whose every row is
  --tenant-column COLUMN  or the column that says whose a row is
  --language NAME         of the texts (german); the collection's without it
  --dry-run               print the SQL instead, for somebody else to run
  --list [--json]         show attached tables, what waits and what failed
  --resume NAME           go on with rows that were there, after a stop
  --retry NAME            try failed changes of a table again

Columns are named as PostgreSQL has them, without quotes, joined by commas.`,
  async run(context, args) {
    const text = { type: 'string' } as const;
    const flag = { type: 'boolean', default: false } as const;
    const { values, positionals, refuse } = readArguments(
      usage,
      {
        table: text,
        key: text,
        title: text,
        text,
        metadata: text,
        url: text,
        collection: text,
        tenant: text,
        'tenant-column': text,
        language: text,
        'dry-run': flag,
        list: flag,
        json: flag,
        resume: text,
        retry: text,
      },
      args,
    );
    refuseWords(positionals, refuse);
    const { list, resume, retry } = values;
    const asked = [list, resume !== undefined, retry !== undefined, values.table !== undefined].filter(Boolean).length;
    if (asked !== 1) throw refuse('One of --table, --list, --resume and --retry is needed.');
    const mapping = values.table === undefined ? undefined : readMapping({ ...values, table: values.table }, refuse);
    await asOwner(attachUrl(context.config()), async (owner) => {
      if (list) print(context, await listSources(owner), values.json);
      else if (retry !== undefined)
        context.print(`${counted(await retryFailures(owner, retry), 'is', 'are')} tried again.`);
      else if (mapping && values['dry-run']) {
        const statements = attachStatements(await inspectTable(owner, mapping));
        context.print(['begin', ...statements, 'commit'].map((statement) => `${statement};`).join('\n'));
      } else {
        const name = mapping ? (await attachTable(owner, mapping)).name : (resume ?? '');
        if (mapping) context.print(`${name} is attached: what is changed from now on is noted.`);
        const { signal } = context;
        const rows = await backfill(owner, name, {
          change: 'upsert',
          signal,
          onStep: (done) => context.note(`${counted(done, 'row')} noted`),
        });
        if (signal.aborted) context.note(`Stopped. Go on with: tessera attach --resume '${name}'`);
        else
          context.print(
            `${counted(rows, 'row that was there is noted; workers write it', 'rows that were there are noted; workers write them')}.`,
          );
      }
    });
  },
};

/** @throws {StartupError} where nothing can be attached. */
export function attachUrl(config: Config): string {
  if (config.mode === 'embedded')
    throw new StartupError(
      'There is no DATABASE_URL, and the embedded database holds no tables of applications. Tables are attached on a PostgreSQL server.',
    );
  if (config.database.migrateUrl) return config.database.migrateUrl.reveal();
  throw new StartupError(
    'MIGRATE_DATABASE_URL: not set; tables are attached over the connection of somebody who may create triggers on them (see .env.example)',
    { exitCode: 78 },
  );
}

function readMapping(values: Readonly<Record<string, string | boolean | undefined>>, refuse: Refuse): Mapping {
  const one = (name: string) => values[name] as string | undefined;
  const many = (name: string) => (one(name) ?? '').split(',').filter((column) => column !== '');
  const [table, collection] = [one('table') ?? '', one('collection')];
  if (collection === undefined) throw refuse('--collection is missing.');
  if (many('key').length === 0) throw refuse('--key is missing.');
  if (many('text').length === 0) throw refuse('--text is missing.');
  const [tenant, tenantColumn, language] = [one('tenant'), one('tenant-column'), one('language')];
  if ((tenant === undefined) === (tenantColumn === undefined))
    throw refuse('One of --tenant and --tenant-column is needed.');
  const [title, url] = [one('title'), one('url')];
  return {
    table,
    collection,
    key: many('key'),
    text: many('text'),
    metadata: many('metadata'),
    ...(tenant !== undefined && { tenant: readTenant(tenant, refuse) }),
    ...(tenantColumn !== undefined && { tenantColumn }),
    ...(title !== undefined && { title }),
    ...(url !== undefined && { url }),
    ...(language !== undefined && { language: readChoice('--language', language, languages, refuse) }),
  };
}

function print(context: CommandContext, sources: readonly SourceState[], asJson: boolean): void {
  if (asJson) {
    context.print(JSON.stringify(sources, null, 2));
    return;
  }
  if (sources.length === 0) context.print('No table is attached.');
  for (const source of sources) {
    const whose = source.tenant ?? 'the tenants of its rows';
    const old = source.isBackfilled ? '' : `; ${counted(source.backfilled, 'older row')} noted, not all`;
    const lost = source.isFollowed ? '' : '; its triggers are gone';
    const last = source.lastChange ? `, the last from ${source.lastChange.toISOString()}` : '';
    context.print(
      `${source.name} to ${source.collection} of ${whose}: ${counted(source.waiting, 'waits', 'wait')}, ${formatCount(source.failed)} failed${last}${old}${lost}`,
    );
    for (const { tenant, key, reason } of source.failures)
      context.print(`  ${tenant ?? '-'} ${JSON.stringify(key)}: ${reason}`);
  }
}
