import { counted } from '../counted.ts';
import { asOwner } from '../db/owner-connection.ts';
import { detachPlan, detachTable } from '../ingest/sources/attach-table.ts';
import { readArguments } from './arguments.ts';
import { attachUrl } from './attach.ts';
import type { Command } from './command.ts';

const usage = 'tessera detach NAME [--delete-documents] [--dry-run]';

export const detach: Command = {
  name: 'detach',
  help: `${usage}

Stops following a table. What was noted before is still written; failed changes
are forgotten. Needs MIGRATE_DATABASE_URL, of the owner of the table.

  NAME                the table, as "tessera attach --list" names it
  --delete-documents  delete the documents of its rows, too
  --dry-run           print the SQL instead, for somebody else to run`,
  async run(context, args) {
    const flags = {
      'delete-documents': { type: 'boolean', default: false },
      'dry-run': { type: 'boolean', default: false },
    } as const;
    const { values, positionals, refuse } = readArguments(usage, flags, args);
    const [name, extra] = positionals;
    if (name === undefined) throw refuse('The table is missing.');
    if (extra !== undefined) throw refuse(`"${extra}" is not expected here; one table is allowed.`);
    await asOwner(attachUrl(context.config()), async (owner) => {
      if (values['dry-run']) {
        const plan = await detachPlan(owner, name);
        context.print(['begin', ...plan, 'commit'].map((statement) => `${statement};`).join('\n'));
        return;
      }
      const deleted = await detachTable(owner, name, { deleteDocuments: values['delete-documents'] });
      const what = values['delete-documents']
        ? `${counted(deleted, 'document is', 'documents are')} deleted`
        : 'its documents stay';
      context.print(`${name} is detached; ${what}.`);
    });
  },
};
