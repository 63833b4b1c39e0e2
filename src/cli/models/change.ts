import type { Principal } from '../../auth/principal.ts';
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
import { dropGraph } from '../../tiers/drop-graph.ts';
import { fillModels } from '../../worker/fill-models.ts';
import type { CommandContext } from '../command.ts';
import { openGatewayDatabase, openWorkerDatabase } from '../databases.ts';
import { openEmbedders } from '../embedders.ts';
import { formatCount } from '../format.ts';
import { hasOwner, openOwner } from '../open-owner.ts';
import { formatModels, vectorBytes } from './model-table.ts';

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
    await dropGraphs(context, retired);
    const worker = config.mode === 'embedded' ? database : await openWorkerDatabase(config, context.logger());
    try {
      let rows = 0;
      await fillModels(worker, context.signal, (step) => {
        rows += step.rows;
        if (step.state === 'done') context.note(`${step.tenantId}: done`);
      });
      context.note(`${formatCount(rows)} rows were erased here; a worker may have erased others.`);
    } finally {
      if (worker !== database) await worker.close();
    }
    const bytes = retired.reduce((sum, one) => sum + vectorBytes(one), 0);
    context.print(
      `${formatCount(retired.length)} retired: vectors of about ${formatCount(Math.round(bytes / 1e6))} MB. Their room in the tables is used again once autovacuum has been there; the files do not become smaller.`,
    );
  });
}

async function dropGraphs(context: CommandContext, retired: readonly TenantModel[]): Promise<void> {
  const config = context.config();
  const indexed = retired.filter(({ graph }) => graph !== null);
  if (indexed.length === 0) return;
  if (!hasOwner(config)) {
    context.note('Graphs are dropped by the worker that has MIGRATE_DATABASE_URL, or by "tessera tiers --apply".');
    return;
  }
  const owner = await openOwner(config, context.logger(), 'dropping indexes');
  try {
    for (const one of indexed) {
      const isDropped = await dropGraph(owner, one);
      context.note(`${one.tenantId}: its graph of ${one.name} ${isDropped ? 'is dropped' : 'is left to the worker'}.`);
    }
  } finally {
    await owner.close();
  }
}

async function withDatabase(context: CommandContext, work: (database: Database) => Promise<void>): Promise<void> {
  const { database } = await openGatewayDatabase(context.config(), context.logger());
  try {
    await work(database);
  } finally {
    await database.close();
  }
}
