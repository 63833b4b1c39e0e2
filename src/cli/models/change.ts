import type { Principal } from '../../auth/principal.ts';
import { counted } from '../../counted.ts';
import type { Database } from '../../db/database.ts';
import { StartupError } from '../../errors.ts';
import type { TenantId } from '../../ids.ts';
import {
  addCandidate,
  readTenantModels,
  retireModel,
  type SwitchOptions,
  switchModels,
} from '../../models/change-roles.ts';
import { registerModels } from '../../models/register-model.ts';
import type { TenantModel } from '../../models/tenant-model.ts';
import { dropGraph, keepIndexed } from '../../tiers/drop-graph.ts';
import { fillModels } from '../../worker/fill-models.ts';
import type { CommandContext } from '../command.ts';
import { openGatewayDatabase, openWorkerDatabase } from '../databases.ts';
import { openEmbedders } from '../embedders.ts';
import { hasOwner, openOwner } from '../open-owner.ts';
import { formatFreed, formatMb, formatModels, vectorBytes } from './model-table.ts';

/** Prints every model of every tenant, or of one. */
export async function listModels(context: CommandContext, principal: Principal, tenantId: TenantId | undefined) {
  await withDatabase(context, async (database) => {
    const found = await readTenantModels({ database }, principal, tenantId && [tenantId]);
    for (const line of formatModels(found)) context.print(line);
  });
}

/** Makes the second configured model a candidate, of one tenant or of each, one after the other. */
export async function addModel(context: CommandContext, principal: Principal, tenantId: TenantId | undefined) {
  const config = context.config();
  if (!config.nextEmbedder) {
    throw new StartupError('NEXT_EMBEDDER: not set; it names the model that is to be added (see .env.example)', {
      exitCode: 78,
    });
  }
  const { queries, next } = await openEmbedders(config, context.logger());
  await withDatabase(context, async (database) => {
    const configured = [queries.model, ...(next ? [next.queries.model] : [])];
    const ids = await registerModels(database, configured, 'gateway');
    const found = await readTenantModels({ database }, principal, tenantId && [tenantId]);
    const tenants = tenantId ? [tenantId] : [...new Set(found.map((one) => one.tenantId))];
    for (const one of tenants) {
      // After a cut-over the two sets of variables may have changed places: what is added is what the tenant does not have.
      const active = found.find((model) => model.tenantId === one && model.role === 'active');
      const index = active?.modelId === ids[1] ? 0 : 1;
      const isAdded = await addCandidate({ database }, principal, one, ids[index] as number);
      const { name } = configured[index] as { name: string };
      context.print(isAdded ? `${one}: ${name} is added; the worker fills it.` : `${one}: ${name} is there already.`);
    }
  });
}

/** Changes which of two models searches use, of one tenant or of all that have two, all or none. */
export async function switchTo(context: CommandContext, principal: Principal, options: SwitchOptions): Promise<void> {
  await withDatabase(context, async (database) => {
    const switched = await switchModels({ database }, principal, options);
    for (const { candidate } of switched) context.print(`${candidate.tenantId} is searched by ${candidate.name} now.`);
    if (switched.length > 0) return;
    const models = await readTenantModels({ database }, principal, options.tenantId && [options.tenantId]);
    const two = models.some(({ role }) => role === 'candidate');
    context.print(
      two
        ? 'Nothing to do: it was done before.'
        : 'Nothing to do: no tenant has a second model. See "tessera models add".',
    );
  });
}

/** Retires the model that searches do not use and erases what it has, a bounded number of rows at a time. */
export async function retireModels(
  context: CommandContext,
  principal: Principal,
  { tenantId, force }: { readonly tenantId: TenantId | undefined; readonly force: boolean },
): Promise<void> {
  const config = context.config();
  await withDatabase(context, async (database) => {
    const found = await readTenantModels({ database }, principal, tenantId && [tenantId]);
    const beside = found.filter(({ role }) => role === 'candidate');
    const unfinished = found.filter(({ role, emptiedAt }) => role === 'retired' && emptiedAt === null);
    if (beside.length + unfinished.length === 0) return context.print('Nothing to do: no tenant has a second model.');
    for (const one of beside) await retireModel({ database }, principal, one.tenantId, force);
    const retired = [...beside, ...unfinished];
    const graphBytes = await dropGraphs(context, database, retired);
    const worker = config.mode === 'embedded' ? database : await openWorkerDatabase(config, context.logger());
    try {
      let rows = 0;
      await fillModels(worker, context.signal, (step) => {
        rows += step.rows;
        if (step.state === 'done') context.note(`${step.tenantId}: done`);
      });
      context.note(`${counted(rows, 'row was', 'rows were')} erased here; a worker may have erased others.`);
    } finally {
      if (worker !== database) await worker.close();
    }
    const vectors = retired.reduce((sum, { counts }) => sum + counts.vectors, 0);
    const bytes = retired.reduce((sum, one) => sum + vectorBytes(one), 0);
    for (const line of formatFreed({ models: retired.length, graphBytes, vectors, vectorBytes: bytes }))
      context.print(line);
  });
}

/** Drops what graphs retired models have. @returns bytes of the files that are gone. */
async function dropGraphs(
  context: CommandContext,
  database: Database,
  retired: readonly TenantModel[],
): Promise<number> {
  const config = context.config();
  const indexed = await keepIndexed(database, retired);
  if (indexed.length === 0) return 0;
  if (!hasOwner(config)) {
    context.note('Graphs are dropped by the worker that has MIGRATE_DATABASE_URL, or by "tessera tiers --apply".');
    return 0;
  }
  let bytes = 0;
  const owner = await openOwner(config, context.logger(), 'dropping indexes');
  try {
    for (const one of indexed) {
      const freed = await dropGraph(owner, one);
      const outcome = freed === undefined ? 'left to the worker' : `dropped: ${formatMb(freed)}`;
      context.note(`${one.tenantId}: its graph of ${one.name} is ${outcome}.`);
      bytes += freed ?? 0;
    }
  } finally {
    await owner.close();
  }
  return bytes;
}

async function withDatabase(context: CommandContext, work: (database: Database) => Promise<void>): Promise<void> {
  const { database } = await openGatewayDatabase(context.config(), context.logger());
  try {
    await work(database);
  } finally {
    await database.close();
  }
}
