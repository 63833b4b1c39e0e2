import { documentLimits } from '../../ingest/document-input.ts';
import { readCount, readGatewayUrl, readTenant } from '../argument-values.ts';
import { readArguments } from '../arguments.ts';
import type { Command } from '../command.ts';
import { openGatewayClient } from '../gateway-client.ts';
import { runIngest } from './run-ingest.ts';

const usage =
  'tessera ingest FILE.jsonl --tenant ID [--collection NAME] [--batch N] [--restart] [--skip-invalid] [--no-wait] [--url URL] [--token TOKEN]';

export const ingest: Command = {
  name: 'ingest',
  help: `${usage}

Stores the documents of a file, one JSON object a line:

  {"externalId": "faq-12", "title": "...", "body": "...",
   "url": "https://...", "metadata": {"year": 2026}, "status": "draft"}

externalId, title and body must be there; collection, url, metadata, status,
language (as PostgreSQL names it: german), acl and expiresAt (a moment such as
2026-01-31T12:00:00Z) may be. acl says who may see it,
{"users": ["ann"], "groups": ["support"]}; without it the whole tenant may.
The externalId is your own key, unique in the collection: the same key later
means the same document, so a file can be ingested again, and what has not
changed costs next to nothing.

After every batch it records in FILE.jsonl.<tenant>.progress how far it is.
After a crash or Ctrl+C the same command goes on from there. The record is not
used when the file has changed, and is removed when the file is through.

  --tenant ID         whose documents they become
  --collection NAME   for documents that name none; "default" without it
  --batch N           documents stored together, 1 to ${documentLimits.documentsPerWrite}; 100 without it
  --restart           begin with the first line, whatever was recorded
  --skip-invalid      report wrong lines and go on; without it the first one
                      ends the run
  --no-wait           do not wait until the last chunk has its vector (where
                      this process embeds and no other does, it still waits)
  --url URL           a running gateway, such as http://127.0.0.1:4000; without
                      it, the database of the settings
  --token TOKEN       for that gateway; without it, one is signed with the
                      secret of the settings`,
  async run(context, args) {
    const { values, positionals, refuse } = readArguments(
      usage,
      {
        tenant: { type: 'string' },
        collection: { type: 'string', default: 'default' },
        batch: { type: 'string', default: '100' },
        restart: { type: 'boolean', default: false },
        'skip-invalid': { type: 'boolean', default: false },
        'no-wait': { type: 'boolean', default: false },
        url: { type: 'string' },
        token: { type: 'string' },
      },
      args,
    );
    const [file, extra] = positionals;
    if (file === undefined) throw refuse('The file is missing.');
    if (extra !== undefined) throw refuse(`"${extra}" is not expected here; one file is allowed.`);
    const needsTenant = values.token === undefined || values.tenant !== undefined;
    const target = {
      url: values.url === undefined ? undefined : readGatewayUrl(values.url, refuse),
      token: values.token,
      tenantId: needsTenant ? readTenant(values.tenant, refuse) : undefined,
    };
    const options = {
      path: file,
      collection: values.collection,
      batchDocuments: readCount('--batch', values.batch, [1, documentLimits.documentsPerWrite], refuse),
      restart: values.restart,
      skipInvalid: values['skip-invalid'],
      wait: !values['no-wait'],
    };
    await runIngest(context, options, () => openGatewayClient(context, target));
  },
};
