import { readFile } from 'node:fs/promises';
import type { Principal } from '../../auth/principal.ts';
import { type Database, readInFlight } from '../../db/database.ts';
import { StartupError } from '../../errors.ts';
import type { TenantId } from '../../ids.ts';
import { readTenantModels } from '../../models/change-roles.ts';
import type { TenantModel } from '../../models/tenant-model.ts';
import { compareModels } from '../../recall/compare-models.ts';
import { sampleTextsStatement } from '../../recall/recall-statements.ts';
import { measuringScope } from '../../recall/timed-read.ts';
import type { CommandContext } from '../command.ts';
import { openGatewayDatabase } from '../databases.ts';
import { openEmbedders } from '../embedders.ts';
import { interruption } from '../interruption.ts';
import { formatComparison, formatModels } from './model-table.ts';

export interface CompareOptions {
  /** Of queries, one a line. */
  readonly file: string | undefined;
  /** How many at most. */
  readonly sample: number;
}

const seed = 1;

/** Asks both models of a tenant the same queries, and prints how complete they are and how they differ. */
export async function compare(
  context: CommandContext,
  principal: Principal,
  tenantId: TenantId,
  { file, sample }: CompareOptions,
): Promise<void> {
  const given = file === undefined ? undefined : await readQueries(file, sample);
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
    const texts = given ?? (await sampleTexts(database, tenantId, sample));
    if (texts.length === 0) throw new StartupError('There are no queries to ask.');
    const compared = await compareModels(database, tenantId, pair, texts, context.signal);
    for (const line of formatModels(models)) context.print(line);
    context.print('');
    for (const line of formatComparison([pair[0].name, pair[1].name], compared)) context.print(line);
    context.print('');
    context.print(
      given
        ? `Queries: ${file}.`
        : "Queries: first sentences of the tenant's passages. They favour a model that finds a text by its own words; --queries takes real ones.",
    );
    context.print('Cosines of two models have different scales: a shift is no gain, but a minScore must follow it.');
  } catch (error) {
    if (!context.signal.aborted) throw error;
    throw interruption(context.signal, 'Stopped. Nothing was changed.');
  } finally {
    await database.close();
  }
}

async function sampleTexts(database: Database, tenantId: TenantId, sample: number): Promise<string[]> {
  const [rows] = await readInFlight(database, measuringScope(tenantId), [sampleTextsStatement(tenantId, sample, seed)]);
  return rows.map(({ text }) => text);
}

async function readQueries(file: string, sample: number): Promise<string[]> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new StartupError(`${file} cannot be read.`, { cause: error });
  });
  const lines = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter(Boolean);
  return lines.slice(0, sample);
}
