import type { Principal } from '../auth/principal.ts';
import { counted } from '../counted.ts';
import { auditStatement } from '../db/audit.ts';
import { type Database, type Execute, readInFlight, transact } from '../db/database.ts';
import { operatorScopeOf } from '../db/scope.ts';
import { StartupError } from '../errors.ts';
import type { TenantId } from '../ids.ts';
import {
  addCandidateStatement,
  announceModelsStatement,
  changeRolesStatement,
  deleteCurveStatement,
  forgetReplacedStatement,
  lockRolesStatement,
  lockWritesStatement,
  modelCountsStatement,
  modelRolesStatement,
} from './role-statements.ts';
import { type ModelPair, pairOf, type TenantModel, unreadiness } from './tenant-model.ts';

export interface ModelDeps {
  /** Of a login that may take the operator's role. */
  readonly database: Database;
}

/** What each tenant has of models; one row for each model of each tenant. */
export async function readTenantModels(
  { database }: ModelDeps,
  principal: Principal,
  tenants: readonly TenantId[] | undefined,
): Promise<TenantModel[]> {
  const scope = operatorScopeOf(principal);
  const [roles] = await readInFlight(database, scope, [modelRolesStatement(tenants)]);
  const named = [...new Set(roles.map(({ tenantId }) => tenantId))];
  const [counts] = await readInFlight(database, scope, [modelCountsStatement(named)]);
  return roles.map((row) => {
    const found = counts.find(({ tenantId, modelId }) => tenantId === row.tenantId && modelId === row.modelId);
    return { ...row, counts: found ?? { ...row, vectors: 0, waiting: 0, dead: 0, missing: 0 } };
  });
}

/**
 * Makes a model a tenant's candidate: from the commit on every write feeds it as well, and the worker embeds what is there. Writes
 * that are under way are waited for, so that none of them knows of the active model only.
 * @returns false where it is the tenant's candidate, or its active model, already.
 * @throws {StartupError} for a tenant without a model, with another candidate, or that has yet to get rid of this one.
 */
export async function addCandidate(
  { database }: ModelDeps,
  principal: Principal,
  tenantId: TenantId,
  modelId: number,
): Promise<boolean> {
  return transact(database, operatorScopeOf(principal), async (execute) => {
    await execute(lockWritesStatement(tenantId));
    const models = await execute(lockRolesStatement([tenantId]));
    const active = models.find(({ role }) => role === 'active');
    if (!active) throw new StartupError(`The tenant ${tenantId} has no documents yet, and no model to replace.`);
    const candidate = models.find(({ role }) => role === 'candidate');
    if ([active, candidate].some((one) => one?.modelId === modelId)) return false;
    if (candidate) {
      throw new StartupError(
        `The tenant ${tenantId} has ${candidate.name} beside ${active.name} already; "tessera models retire" takes it away.`,
      );
    }
    const own = models.find((one) => one.modelId === modelId);
    if (own && own.emptiedAt === null) {
      throw new StartupError(
        `Vectors of ${own.name} of the tenant ${tenantId} are still being erased. Add it again later.`,
      );
    }
    if (active.replaces !== null && active.filledAt === null) {
      throw new StartupError(`${active.name} of the tenant ${tenantId} is not filled yet.`);
    }
    await execute(forgetReplacedStatement(tenantId));
    await execute(addCandidateStatement(tenantId, modelId, active.modelId));
    await audit(tenantId, 'addModel', [modelId], { active: active.name }, execute);
    return true;
  });
}

export interface SwitchOptions {
  /** Every tenant that can be switched without it. */
  readonly tenantId: TenantId | undefined;
  /** `forward`: the model that was added becomes the active one. `back`: the one that it came in the place of does. */
  readonly direction: 'forward' | 'back';
  /** Whether an incomplete model may become the active one. */
  readonly force: boolean;
}

/**
 * Makes the model beside the active one the active one, and the other way round, of one tenant or all, in one transaction. Both
 * are kept current before and after. A tenant that is where it is to be is left alone.
 * @returns the tenants that were switched, with their new active model.
 * @throws {StartupError} when a model is not complete: it says of which tenants, and what they lack.
 */
export async function switchModels(
  { database }: ModelDeps,
  principal: Principal,
  { tenantId, direction, force }: SwitchOptions,
): Promise<ModelPair[]> {
  return transact(database, operatorScopeOf(principal), async (execute) => {
    const models = await execute(lockRolesStatement(tenantId && [tenantId]));
    const pairs = [...Map.groupBy(models, (one) => one.tenantId).values()].flatMap((of) => pairOf(of, direction) ?? []);
    if (pairs.length === 0) return [];
    const tenants = pairs.map(({ candidate }) => candidate.tenantId);
    if (!force) await requireComplete(pairs, execute);
    const [active, candidates] = [pairs.map((one) => one.active.modelId), pairs.map((one) => one.candidate.modelId)];
    // A tenant has one model of each role at any moment, also of this transaction.
    await execute(changeRolesStatement(tenants, candidates, 'retired'));
    await execute(changeRolesStatement(tenants, active, 'candidate'));
    await execute(changeRolesStatement(tenants, candidates, 'active'));
    for (const pair of pairs) {
      const details = { from: pair.active.name, to: pair.candidate.name, force };
      const action = direction === 'forward' ? 'cutOverModel' : 'rollBackModel';
      await audit(pair.candidate.tenantId, action, [pair.candidate.modelId], details, execute);
    }
    await execute(announceModelsStatement(tenantId));
    return pairs;
  });
}

async function requireComplete(pairs: readonly ModelPair[], execute: Execute): Promise<void> {
  const counts = await execute(modelCountsStatement(pairs.map(({ candidate }) => candidate.tenantId)));
  const lacks = pairs.flatMap((pair) => {
    const { tenantId, modelId, name } = pair.candidate;
    const counted = counts.find((one) => one.tenantId === tenantId && one.modelId === modelId);
    const reasons = unreadiness(pair, counted?.missing ?? 0);
    return reasons.length > 0 ? [`  ${tenantId}: ${name} ${reasons.join(', and ')}`] : [];
  });
  if (lacks.length === 0) return;
  const shown = [
    ...lacks.slice(0, 10),
    ...(lacks.length > 10 ? [`  and ${counted(lacks.length - 10, 'tenant')} more`] : []),
  ];
  throw new StartupError(
    [
      `Nothing was switched, because ${lacks.length} of ${counted(pairs.length, 'tenant')} would be searched incompletely:`,
      ...shown,
    ].join('\n'),
  );
}

/**
 * Retires the model beside the active one: nothing feeds it any more, and the worker erases its vectors.
 * @returns the model; undefined for a tenant that has one only.
 * @throws {StartupError} when the active model is not complete without it, unless it is to be done all the same.
 */
export async function retireModel(
  { database }: ModelDeps,
  principal: Principal,
  tenantId: TenantId,
  force: boolean,
): Promise<ModelPair | undefined> {
  return transact(database, operatorScopeOf(principal), async (execute) => {
    await execute(lockWritesStatement(tenantId));
    const pair = pairOf(await execute(lockRolesStatement([tenantId])), 'either');
    if (!pair) return undefined;
    const { active, candidate } = pair;
    if (!force && active.replaces === candidate.modelId && active.filledAt === null) {
      throw new StartupError(
        `${active.name} of the tenant ${tenantId} was made the active model before it was filled, and still is being filled.`,
      );
    }
    await execute(changeRolesStatement([tenantId], [candidate.modelId], 'retired'));
    await execute(deleteCurveStatement(tenantId, candidate.modelId));
    await audit(
      tenantId,
      'retireModel',
      [candidate.modelId],
      { active: active.name, retired: candidate.name },
      execute,
    );
    return pair;
  });
}

async function audit(
  tenantId: TenantId,
  action: string,
  models: readonly number[],
  details: Readonly<Record<string, unknown>>,
  execute: Execute,
): Promise<void> {
  await execute(auditStatement(tenantId, { action, targetKind: 'model', targetIds: models.map(String), details }));
}
