import type { Principal } from '../../auth/principal.ts';
import { StartupError } from '../../errors.ts';
import type { TenantId } from '../../ids.ts';
import { readTenantModels } from '../../models/change-roles.ts';
import type { TenantModel } from '../../models/tenant-model.ts';
import { compareModels } from '../../recall/compare-models.ts';
import type { CommandContext } from '../command.ts';
import { openGatewayDatabase } from '../databases.ts';
import { openEmbedders } from '../embedders.ts';
import { interruption } from '../interruption.ts';
import { chooseQueries, describeOrigin } from './compare-queries.ts';
import { formatComparison, formatMinScores } from './comparison-table.ts';
import { formatModels } from './model-table.ts';

export interface CompareOptions {
  /** Of queries, one a line. */
  readonly file: string | undefined;
  /** How many at most. */
  readonly sample: number;
  /** Of the active model, whose like of the candidate is wanted. */
  readonly minScore: number | undefined;
}

/** Asks both models of a tenant the same queries, and prints how complete they are and how they differ. */
export async function compare(
  context: CommandContext,
  principal: Principal,
  tenantId: TenantId,
  { file, sample, minScore }: CompareOptions,
): Promise<void> {
  const { queries, next } = await openEmbedders(context.config(), context.logger());
  const { database } = await openGatewayDatabase(context.config(), context.logger());
  try {
    const models = await readTenantModels({ database }, principal, [tenantId]);
    const find = (role: TenantModel['role']) => {
      const row = models.find((one) => one.role === role);
      if (!row) throw new StartupError(`The tenant ${tenantId} has no ${role} model, so there is nothing to compare.`);
      const embedder = [queries, ...(next ? [next.queries] : [])].find(({ model }) => model.name === row.name);
      if (!embedder)
        throw new StartupError(`${row.name} is not configured here: neither EMBEDDER nor NEXT_EMBEDDER names it.`, {
          exitCode: 78,
        });
      return { ...row, embedder };
    };
    const pair = [find('active'), find('candidate')] as const;
    const chosen = await chooseQueries(database, tenantId, { file, sample });
    const compared = await compareModels(database, tenantId, pair, chosen.texts, {
      ...(minScore !== undefined && { minScores: [minScore] }),
      signal: context.signal,
    });
    const names = [pair[0].name, pair[1].name] as const;
    const tables = [
      formatModels(models),
      formatComparison(names, compared, describeOrigin(chosen)),
      formatMinScores(names, compared),
    ];
    for (const line of tables.flatMap((table) => (table.length > 0 ? [...table, ''] : []))) context.print(line);
    if (chosen.origin === 'passages')
      context.print(
        "No query was kept (SAMPLE_QUERIES), so first sentences of the tenant's passages were asked. They favour a model that finds a text by its own words; --queries takes real ones.",
      );
    context.print('Cosines of two models have different scales: a shift is no gain, but a minScore must follow it.');
  } catch (error) {
    if (!context.signal.aborted) throw error;
    throw interruption(context.signal, 'Stopped. Nothing was changed.');
  } finally {
    await database.close();
  }
}
