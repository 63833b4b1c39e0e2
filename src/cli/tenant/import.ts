import { createReadStream } from 'node:fs';
import type { Principal } from '../../auth/principal.ts';
import { counted } from '../../counted.ts';
import { StartupError } from '../../errors.ts';
import { writeJobId } from '../../graphql/global-ids.ts';
import { type JobId, parseTenantId, type TenantId } from '../../ids.ts';
import { CollectionError } from '../../ingest/collection-definition.ts';
import { defineCollection } from '../../ingest/define-collection.ts';
import { createTenant } from '../../tenants/change-tenant.ts';
import { readTransferLine } from '../../tenants/read-transfer.ts';
import { TenantStateError } from '../../tenants/tenant-error.ts';
import type { TransferHeader } from '../../tenants/transfer-format.ts';
import { drain } from '../../worker/worker.ts';
import { type Application, openApplication } from '../application.ts';
import type { CommandContext } from '../command.ts';
import { openWorkerDatabase } from '../databases.ts';
import { formatCount } from '../format.ts';
import { splitLines } from '../ingest/json-lines.ts';
import { interruption } from '../interruption.ts';
import { everyScope } from '../tokens.ts';
import { createImportBatch, type ImportBatch } from './import-batch.ts';

export interface ImportOptions {
  /** `-` is standard input. */
  readonly path: string;
  /** Absent: the tenant of the file. */
  readonly tenantId: TenantId | undefined;
}

/** Re-creates a tenant from what `export` wrote. What is there already and the same costs a read, so it can be repeated. */
export async function runImport(context: CommandContext, { path, tenantId }: ImportOptions): Promise<void> {
  const { signal } = context;
  const config = context.config();
  const app = await openApplication(config, context.logger());
  const closing = [() => app.close()];
  let batch: ImportBatch | undefined;
  let isWhole = false;
  try {
    const pieces: AsyncIterable<Buffer> = path === '-' ? process.stdin : createReadStream(path);
    for await (const { text, fault, position } of splitLines(pieces)) {
      if (signal.aborted) break;
      const line = text === undefined ? { fault: fault ?? '' } : readTransferLine(text);
      const refuse = (sentence: string) =>
        new StartupError(`Line ${position.line}: ${sentence} What stands before it is stored.`);
      if ('fault' in line) throw refuse(line.fault);
      if ('format' in line) {
        if (batch) throw refuse('a header stands in the middle of the file.');
        const principal = await prepareTenant(app, line, tenantId);
        const modelId = line.model ? findModel(app, line.model) : undefined;
        if (line.model && modelId === undefined)
          context.note(`The vectors in the file are ${line.model.name}'s and not used: everything is embedded again.`);
        const workerDatabase =
          config.mode === 'embedded' ? app.deps.database : await openWorkerDatabase(config, context.logger());
        if (config.mode !== 'embedded') closing.push(() => workerDatabase.close());
        const model =
          modelId !== undefined && line.model
            ? { modelId, dimensions: line.model.dimensions, database: workerDatabase }
            : undefined;
        batch = createImportBatch(app.deps, principal, model);
      } else if (!batch) {
        throw refuse('the file does not begin with a header.');
      } else if ('end' in line) {
        await batch.flush();
        isWhole = line.end.documents === batch.tally.documents;
      } else {
        await batch.add(line, position.line);
      }
    }
    await batch?.flush();
    if (signal.aborted) throw interruption(signal, 'Stopped. The same command goes on, and passes by what is stored.');
    if (!batch || !isWhole)
      throw new StartupError(
        `${path} was cut off: it has no end that counts its documents. What it holds is stored; export the tenant again.`,
      );
    const { documents, changed, adopted, jobId } = batch.tally;
    context.print(
      `${counted(documents, 'document')} imported, ${formatCount(documents - changed)} of them unchanged; ${counted(adopted, 'vector')} came along.`,
    );
    if (app.workerDeps) await drain(app.workerDeps, signal);
    else context.note(`What has no vector yet waits for a worker${jobId === null ? '' : asJob(jobId)}.`);
  } catch (error) {
    if (error instanceof CollectionError || error instanceof TenantStateError)
      throw new StartupError(error.message, { cause: error });
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      throw new StartupError(`${path} cannot be read: there is no such file.`, { cause: error });
    throw error;
  } finally {
    for (const close of closing.reverse()) await close();
  }
}

function asJob(jobId: JobId): string {
  return `, as the job ${writeJobId(jobId)}: the query "job" tells how far it is`;
}

/** Creates the tenant, unless it is there, and defines its collections. Returns who writes from then on. */
async function prepareTenant(app: Application, header: TransferHeader, as: TenantId | undefined): Promise<Principal> {
  const tenantId = as ?? parseTenantId(header.tenant.id);
  const principal: Principal = { tenantId, subject: 'cli', groups: [], scopes: [...everyScope, 'operator'] };
  await createTenant(app.deps, principal, tenantId, header.tenant.name).catch((error: unknown) => {
    if (!(error instanceof TenantStateError && error.code === 'TENANT_EXISTS')) throw error;
  });
  for (const { name, language, attributes, chunking } of header.collections)
    await defineCollection(app.deps, principal, {
      ...{ name, language: language as never, attributes },
      ...(chunking && { chunking }),
    });
  return principal;
}

/** Which of the configured models the vectors of a file are of. */
function findModel({ deps }: Application, { name, dimensions }: { name: string; dimensions: number }) {
  const models = deps.choice?.other ? [deps, deps.choice.other] : [deps];
  return models.find(({ embedder: { model } }) => model.name === name && model.dimensions === dimensions)?.modelId;
}
