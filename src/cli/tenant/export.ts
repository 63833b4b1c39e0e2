import { createWriteStream } from 'node:fs';
import { userInfo } from 'node:os';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { counted } from '../../counted.ts';
import type { Database } from '../../db/database.ts';
import { StartupError } from '../../errors.ts';
import type { TenantId } from '../../ids.ts';
import { exportTenant } from '../../tenants/export-tenant.ts';
import { TenantStateError } from '../../tenants/tenant-error.ts';
import type { CommandContext } from '../command.ts';
import { openGatewayDatabase, openWorkerDatabase } from '../databases.ts';
import { interruption } from '../interruption.ts';

export interface ExportOptions {
  readonly tenantId: TenantId;
  /** `-` is standard output. */
  readonly path: string;
  readonly vectors: boolean;
}

/** Writes a tenant to a file or to standard output, line by line. */
export async function runExport(context: CommandContext, options: ExportOptions): Promise<void> {
  const { tenantId, path, vectors } = options;
  const { signal } = context;
  const database = await openDatabase(context);
  let lines = 0;
  async function* read(): AsyncGenerator<string> {
    for await (const line of exportTenant(database, tenantId, { vectors, subject: exportedBy() })) {
      lines++;
      yield `${line}\n`;
    }
  }
  try {
    const source = Readable.from(read());
    if (path === '-') await pipeline(source, context.stdout, { end: false, signal });
    else await pipeline(source, createWriteStream(path), { signal });
  } catch (error) {
    if (signal.aborted)
      throw interruption(signal, 'Stopped. What was written lacks its end, so an import would say so.');
    if (error instanceof TenantStateError) throw new StartupError(error.message);
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined || !/^E[A-Z]+$/.test(code)) throw error;
    throw new StartupError(`${path} cannot be written: ${message}.`, { cause: error });
  } finally {
    await database.close();
  }
  // Beside the documents there are a header and an end.
  context.note(`${counted(lines - 2, 'document')} of ${tenantId} exported${vectors ? ' with their vectors' : ''}.`);
}

/** A tenant is read past what its users may see of it, which the gateway's login cannot. */
async function openDatabase(context: CommandContext): Promise<Database> {
  const config = context.config();
  if (config.mode === 'embedded') return (await openGatewayDatabase(config, context.logger())).database;
  return openWorkerDatabase(config, context.logger());
}

/** The user of this machine: no token says who it is. */
function exportedBy(): string {
  try {
    return `machine:${userInfo().username}`;
  } catch {
    // A process may run under a number that no user has.
    return `machine:${process.getuid?.() ?? 'unknown'}`;
  }
}
