import { documentLimits } from '../../ingest/document-input.ts';
import { readCount, readGatewayUrl, readTenant } from '../argument-values.ts';
import { readArguments } from '../arguments.ts';
import type { Command } from '../command.ts';
import { openGatewayClient } from '../gateway-client.ts';
import { runIngest } from './run-ingest.ts';

const usage =
  'tessera ingest FILE|FOLDER --tenant ID [--collection NAME] [--direct] [--vectors FILE.f32] [--batch N] [--restart] [--skip-invalid] [--no-wait] [--url URL] [--token TOKEN]';

/** Documents that go into one transaction with --direct. */
const [usualDirect, mostDirect] = [1_000, 10_000];

export const ingest: Command = {
  name: 'ingest',
  help: `${usage}

Stores the documents of a file of JSON lines, of CSV (a file whose name ends
in .csv), or of a folder of Markdown and text. JSON lines hold one object each:

  {"externalId": "faq-12", "title": "...", "body": "...",
   "url": "https://...", "metadata": {"year": 2026}, "status": "draft"}

externalId, title and body must be there; collection, url, metadata, status,
language (as PostgreSQL names it: german), acl and expiresAt (a moment such as
2026-01-31T12:00:00Z) may be. acl says who may see it,
{"users": ["ann"], "groups": ["support"]}; without it the whole tenant may.
The externalId is your own key, unique in the collection: the same key later
means the same document, so a file can be ingested again, and what has not
changed costs next to nothing.

CSV names the same fields in its first line; metadata, acl, vector and vectors
hold JSON. Of a folder every .md, .markdown, .txt and .text file is a document:
its path is the externalId, its first heading (or its name) the title.

Documents may bring the model's vectors, with --direct: "vector" for a document
that is one chunk, "vectors" with one for each chunk in order, or a .f32 file
(float32, little endian) with one for each line of JSON, record of CSV or file.

After every batch it records in FILE.jsonl.<tenant>.progress how far it is.
After a crash or Ctrl+C the same command goes on from there. The record is not
used when the file has changed, and is removed when the file is through.

  --tenant ID         whose documents they become
  --collection NAME   for documents that name none; "default" without it
  --direct            straight into the server of DATABASE_URL and
                      WORKER_DATABASE_URL, through binary COPY, with the
                      rights of these two logins; quotas and access lists
                      hold as ever
  --vectors FILE.f32  the vectors of the documents; with --direct
  --batch N           documents stored together, 1 to ${documentLimits.documentsPerWrite}; 100 without it
                      (with --direct 1 to ${mostDirect}; ${usualDirect})
  --restart           begin with the first line, whatever was recorded
  --skip-invalid      report wrong lines and go on; without it the first one
                      ends the run. Also of chunks that the embedding provider
                      refused: without it the exit code is then 1
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
        batch: { type: 'string' },
        direct: { type: 'boolean', default: false },
        vectors: { type: 'string' },
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
    if (values.direct && (values.url ?? values.token) !== undefined)
      throw refuse('--direct goes to a database; --url and --token go to a gateway.');
    if (values.vectors !== undefined && !values.direct) throw refuse('--vectors goes with --direct.');
    const most = values.direct ? mostDirect : documentLimits.documentsPerWrite;
    const batch = values.batch ?? String(values.direct ? usualDirect : 100);
    const needsTenant = values.token === undefined || values.tenant !== undefined;
    const target = {
      url: values.url === undefined ? undefined : readGatewayUrl(values.url, refuse),
      token: values.token,
      tenantId: needsTenant ? readTenant(values.tenant, refuse) : undefined,
    };
    const options = {
      path: file,
      direct: values.direct,
      vectorsPath: values.vectors,
      collection: values.collection,
      batchDocuments: readCount('--batch', batch, [1, most], refuse),
      restart: values.restart,
      skipInvalid: values['skip-invalid'],
      wait: !values['no-wait'],
    };
    await runIngest(context, options, () => openGatewayClient(context, target));
  },
};
