import { parseTenantId } from '../../ids.ts';
import { readChoice, readGatewayUrl } from '../argument-values.ts';
import { type Refuse, readArguments, refuseWords } from '../arguments.ts';
import type { Command } from '../command.ts';
import { openGatewayClient } from '../gateway-client.ts';
import { runExport } from './export.ts';
import { runImport } from './import.ts';
import { type OperateOptions, operate } from './operate.ts';

const usage =
  'tessera tenant list|create|suspend|resume|rename|delete|receipt|export|import [ID|FILE] [NAME] [options]';

const verbs = ['list', 'create', 'suspend', 'resume', 'rename', 'delete', 'receipt', 'export', 'import'] as const;

/** Whose an operator's token is that this command signs: a tenant of its own, which holds nothing. */
const operatorTenant = parseTenantId('operator');

export const tenant: Command = {
  name: 'tenant',
  help: `${usage}

What an operator does with tenants, whoever they are.

  list             tenants, with their status, tier and size
  create ID        a new tenant, or one that was deleted before; --name N
  suspend ID       refuse whatever it asks for, and keep its data
  resume ID        end that
  rename ID NAME   another name for people; the id stays
  delete ID --yes  erase everything of it, in the background; cannot be
                   taken back. --wait waits, and prints the receipt
  receipt ID       how far its deletion is, or what was erased
  export ID        its collections and documents as JSON lines
  import FILE      re-creates a tenant from such lines; "-" reads them from
                   standard input. May be repeated, and goes on

  --to FILE        export: where to; standard output without it
  --vectors        export: with the vectors, so that an import into a database
                   of the same model need not embed again
  --tenant ID      import: as whom; the tenant of the file without it
  --status S       list: active, suspended or deleting
  --url URL        a running gateway; without it, the database of the settings
  --token TOKEN    a token with the scope operator; without it, one is signed

"export" reads as the worker, from WORKER_DATABASE_URL, and "import" writes with
the settings of a gateway; neither goes through a running one.`,
  async run(context, args) {
    const { values, positionals, refuse } = readArguments(
      usage,
      {
        name: { type: 'string' },
        status: { type: 'string' },
        to: { type: 'string' },
        tenant: { type: 'string' },
        vectors: { type: 'boolean', default: false },
        yes: { type: 'boolean', default: false },
        wait: { type: 'boolean', default: false },
        url: { type: 'string' },
        token: { type: 'string' },
      },
      args,
    );
    const [word, subject, ...rest] = positionals;
    if (word === undefined) throw refuse(`One of ${verbs.join(', ')} is missing.`);
    const verb = readChoice('tenant', word, verbs, refuse);
    if (verb === 'import') {
      refuseWords(rest, refuse);
      if (subject === undefined) throw refuse('The file is missing.');
      const as = values.tenant === undefined ? undefined : readId(values.tenant, refuse);
      return runImport(context, { path: subject, tenantId: as });
    }
    if (verb === 'list') refuseWords(positionals.slice(1), refuse);
    const tenantId = verb === 'list' ? undefined : readId(subject, refuse);
    const newName = verb === 'rename' ? rest.shift() : values.name;
    refuseWords(rest, refuse);
    if (verb === 'rename' && newName === undefined) throw refuse('The new name is missing.');
    if (verb === 'delete' && !values.yes) throw refuse(`Deleting ${tenantId} cannot be taken back; --yes is missing.`);
    if (verb === 'export')
      return runExport(context, { tenantId: readId(subject, refuse), path: values.to ?? '-', vectors: values.vectors });
    const options: OperateOptions = {
      verb,
      tenantId,
      name: newName,
      status: values.status && readChoice('--status', values.status, ['ACTIVE', 'SUSPENDED', 'DELETING'], refuse),
      wait: values.wait,
    };
    const client = await openGatewayClient(context, {
      url: values.url === undefined ? undefined : readGatewayUrl(values.url, refuse),
      token: values.token,
      tenantId: values.token === undefined ? operatorTenant : undefined,
      scopes: ['operator'],
    });
    try {
      await operate(context, client, options);
    } finally {
      await client.close();
    }
  },
};

function readId(text: string | undefined, refuse: Refuse) {
  if (text === undefined) throw refuse('The id of the tenant is missing.');
  try {
    return parseTenantId(text);
  } catch (error) {
    throw refuse((error as Error).message);
  }
}
