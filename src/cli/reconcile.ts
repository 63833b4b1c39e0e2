import type { Database } from '../db/database.ts';
import { readDriftTenants } from '../drift/look-notes.ts';
import type { MendDeps } from '../drift/mend-drift.ts';
import { type DriftCount, reconcile as reconcileTenant } from '../drift/reconcile.ts';
import { StartupError } from '../errors.ts';
import type { TenantId } from '../ids.ts';
import { divideAnew } from '../ingest/divide-anew.ts';
import { isShut } from '../shut-tenant.ts';
import { readTenant } from './argument-values.ts';
import { readArguments, refuseWords } from './arguments.ts';
import type { Command, CommandContext } from './command.ts';
import { openGatewayDatabase, openWorkerDatabase } from './databases.ts';
import { driftHashes } from './drift-hashes.ts';
import { chunkingFor, openEmbedders } from './embedders.ts';
import { formatCount, formatDuration } from './format.ts';

const usage = 'tessera reconcile [--mend] [--tenant ID] [--json]';

export const reconcile: Command = {
  name: 'reconcile',
  help: `${usage}

Compares every document with its chunks and every chunk with its vectors, and
tells what is out of step: documents whose text was changed behind Tessera's
back, or that have no chunk; chunks without a vector and without a job, or
whose document is gone; vectors of chunks that are gone, of another document or
model, or of the wrong length. That happens where somebody writes to the tables
by hand, or restores a part of them.

  --mend       take wrong vectors away, divide documents anew whose chunks are
               not theirs, and queue what is to be embedded; a worker does the
               rest
  --tenant ID  look at this tenant; without it, at all of them
  --json       print an array: tenant, kind, count, since

Tenants that are suspended or being deleted are left out, and named on standard
error. Reads every vector, so it takes a while and slows nothing down but the
disk. Exit code 1 when something is out of step and was not mended.`,
  async run(context, args) {
    const { values, positionals, refuse } = readArguments(
      usage,
      {
        mend: { type: 'boolean', default: false },
        tenant: { type: 'string' },
        json: { type: 'boolean', default: false },
      },
      args,
    );
    refuseWords(positionals, refuse);
    const only = values.tenant === undefined ? undefined : readTenant(values.tenant, refuse);
    const found = await lookAtAll(context, only, values.mend, (counts) => {
      if (!values.json) for (const line of formatFound(counts, new Date())) context.print(line);
    });
    if (values.json) context.print(JSON.stringify(found, null, 2));
    else if (found.length === 0) context.print('Every document, chunk and vector is in step.');
    if (found.length > 0 && !values.mend) {
      throw new StartupError('Something is out of step. Run "tessera reconcile --mend".');
    }
  },
};

type Found = DriftCount & { readonly tenant: TenantId };

const whyLeftOut = { TENANT_SUSPENDED: 'it is suspended', TENANT_DELETED: 'it is being deleted' } as const;

/** @param onFound told of each tenant that is out of step as soon as it was looked at: what was mended is committed, whatever follows. */
async function lookAtAll(
  context: CommandContext,
  only: TenantId | undefined,
  mend: boolean,
  onFound: (found: readonly Found[]) => void,
): Promise<Found[]> {
  const config = context.config();
  const { database: gateway } = await openGatewayDatabase(config, context.logger());
  try {
    const tenants = only ? [only] : (await readDriftTenants(gateway)).sort();
    // The embedded database has one login, which may take every role.
    const worker = config.mode === 'embedded' ? gateway : await openWorkerDatabase(config, context.logger());
    try {
      const found: Found[] = [];
      const deps = { database: worker, hashes: driftHashes, divide: openDivider(context, worker) };
      for (const tenant of tenants) {
        const looking = reconcileTenant(deps, tenant, { mend, signal: context.signal });
        const counts = await looking.catch((error: unknown) => {
          // Whoever named the tenant wants an answer about it.
          if (only !== undefined || !isShut(error)) throw error;
          context.note(`${tenant} is left out: ${whyLeftOut[error.code]}.`);
          return [];
        });
        const own = counts.map((count) => ({ tenant, ...count }));
        onFound(own);
        found.push(...own);
      }
      return found;
    } finally {
      if (worker !== gateway) await worker.close();
    }
  } finally {
    await gateway.close();
  }
}

/** Opens the embedder, whose tokens measure a chunk, with the first document that is to be divided: few are. */
function openDivider(context: CommandContext, database: Database): MendDeps['divide'] {
  let opened: ReturnType<typeof openEmbedders> | undefined;
  return async (tenantId, ids) => {
    const config = context.config();
    opened ??= openEmbedders(config, context.logger());
    const { documents, next } = await opened;
    const chunking = chunkingFor(documents, next?.documents, config.chunk);
    await divideAnew({ database, chunking }, tenantId, null, ids);
  };
}

function formatFound(found: readonly Found[], now: Date): string[] {
  return found.map(
    ({ tenant, kind, count, since }) =>
      `${tenant}: ${formatCount(count)} ${kind}, the oldest for ${formatDuration(now.getTime() - since.getTime())}`,
  );
}
