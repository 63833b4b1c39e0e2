import type { ServerConfig } from '../../config/config.ts';
import type { Secret } from '../../config/secret.ts';
import { accessFix, isHole, readAccessFaults } from '../../db/access-faults.ts';
import { readCanaryFaults } from '../../db/canary.ts';
import { inspectVector, readAs } from '../../db/check-server.ts';
import { type Database, readInFlight } from '../../db/database.ts';
import { type LoginFault, readLoginFaults, type ServingRole } from '../../db/login-faults.ts';
import { readMigrations } from '../../db/migration-files.ts';
import { openPool } from '../../db/open-pool.ts';
import { readPolicyFaults } from '../../db/policy-faults.ts';
import { readApplied, requireCurrentSchema } from '../../db/schema-version.ts';
import { operatorScope, workerScope } from '../../db/scope.ts';
import { readScopeLeaks } from '../../db/scope-leak.ts';
import { checkAutovacuum } from '../../doctor/check-autovacuum.ts';
import { checkDrift } from '../../doctor/check-drift.ts';
import { checkIndexes } from '../../doctor/check-indexes.ts';
import { checkJobs } from '../../doctor/check-jobs.ts';
import { checkMemory } from '../../doctor/check-memory.ts';
import { type ConfiguredModel, checkModels } from '../../doctor/check-models.ts';
import { checkRecall } from '../../doctor/check-recall.ts';
import { checkSettings } from '../../doctor/check-settings.ts';
import { checkPlans } from '../../doctor/check-tenant.ts';
import { checkTiers } from '../../doctor/check-tiers.ts';
import { checkVacuum } from '../../doctor/check-vacuum.ts';
import { checkVersions } from '../../doctor/check-versions.ts';
import {
  indexesStatement,
  measuredStatement,
  serverStatement,
  tablesStatement,
  waitingJobsStatement,
} from '../../doctor/fact-statements.ts';
import { type Finding, orOk } from '../../doctor/finding.ts';
import { readLooks } from '../../drift/look-notes.ts';
import type { TenantId } from '../../ids.ts';
import { modelsStatement } from '../../models/model-statements.ts';
import { planStatus } from '../../tiers/index-states.ts';
import { readTierStatus, type TenantTier } from '../../tiers/read-tier-status.ts';
import { examineTenant, planAll, type TableSizes } from './examine-plans.ts';
import { lookForDrift } from './look-for-drift.ts';
import { workerStrategies } from './strategies.ts';

/**
 * Looks at a database from every side, as the logins that work with it.
 * @param only the one tenant whose plans are asked for; without it the largest, the median and the smallest.
 * @param configured the models of EMBEDDER and NEXT_EMBEDDER.
 * @throws {Refusal} `DATABASE_UNAVAILABLE` when the server cannot be reached.
 */
export async function examine(
  { database: config }: ServerConfig,
  only: TenantId | undefined,
  configured: readonly ConfiguredModel[],
): Promise<Finding[]> {
  return withDatabase(config.url, config.statementTimeoutMs, async (gateway) => {
    const findings = await checkLock(gateway, 'tessera_operator', 'gateway');
    const schema = await checkSchema(gateway);
    findings.push(...schema);
    if (schema.some(({ level }) => level === 'fault')) return findings;
    const looked = await checkDatabase(gateway, only, configured);
    findings.push(...looked.findings);
    if (config.workerUrl.reveal() === config.url.reveal()) {
      const found = 'the outbox and its plan: only the worker sees it, and there is no WORKER_DATABASE_URL';
      return [...findings, { check: 'jobs', level: 'skipped', found }];
    }
    return withDatabase(config.workerUrl, config.statementTimeoutMs, async (worker) => [
      ...findings,
      ...(await checkLock(worker, 'tessera_worker', 'worker')),
      ...(await checkOutbox(worker, looked)),
      // Of the others, what a worker's monitor or a reconcile has noted.
      ...checkDrift(
        await lookForDrift(worker, looked.tenants),
        only === undefined ? await readLooks(gateway, looked.tenants) : undefined,
      ),
    ]);
  });
}

async function withDatabase<Result>(
  url: Secret,
  statementTimeoutMs: number,
  work: (database: Database) => Promise<Result>,
): Promise<Result> {
  const opened = await openPool({ url: url.reveal(), size: 2, statementTimeoutMs, onIdleError: () => {} });
  try {
    const { schema: vectorSchema } = await inspectVector(opened.pool);
    return await work({ ...opened, scopeDefaults: { ...opened.scopeDefaults, vectorSchema } });
  } finally {
    await opened.close();
  }
}

/** What `serve` asserts before it serves, and what is no reason to refuse beside it. */
async function checkLock(database: Database, role: ServingRole, login: string): Promise<Finding[]> {
  const fault = ({ fault: found, fix }: LoginFault): Finding => ({ check: 'lock', level: 'fault', found, fix });
  const onLogin = (await readLoginFaults(database.pool, role)).map(fault);
  const leaks = (await readScopeLeaks(database, role)).map(fault);
  // A login that is not held by its role sees everything, and that is told already.
  const canaries = onLogin.length + leaks.length > 0 ? [] : (await readCanaryFaults(database)).map(fault);
  const onTables = (await readAs(database, role, readAccessFaults)).map(
    (hole): Finding => ({
      check: 'lock',
      level: isHole(hole) ? 'fault' : 'warning',
      found: hole.fault,
      fix: accessFix(hole),
    }),
  );
  const onPolicies = (await readAs(database, role, readPolicyFaults)).map(fault);
  const held = `the ${login}'s login is held by every policy, and nothing outlives its transaction`;
  // Tables are the same for both logins, and told once.
  return orOk(
    [...onLogin, ...leaks, ...canaries, ...(login === 'gateway' ? [...onTables, ...onPolicies] : [])],
    'lock',
    held,
  );
}

async function checkSchema(database: Database): Promise<Finding[]> {
  const check = 'schema';
  const migrations = await readMigrations();
  try {
    requireCurrentSchema(migrations, await readAs(database, 'tessera_operator', readApplied));
    return [{ check, level: 'ok', found: `${migrations.length} migrations applied` }];
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error);
    return [{ check, level: 'fault', found, fix: 'Everything else is looked at once the schema is up to date.' }];
  }
}

interface Looked {
  readonly findings: Finding[];
  readonly sizes: TableSizes;
  /** Of models that some tenant has. */
  readonly modelIds: readonly number[];
  /** Models of tenants that no search looks at. */
  readonly beside: readonly TenantTier[];
  /** Those that were looked at. */
  readonly tenants: readonly TenantId[];
}

async function checkDatabase(
  gateway: Database,
  only: TenantId | undefined,
  configured: readonly ConfiguredModel[],
): Promise<Looked> {
  const [[server], tables, indexes, curves, models] = await readInFlight(gateway, operatorScope, [
    serverStatement(),
    tablesStatement(),
    indexesStatement(),
    measuredStatement(),
    modelsStatement(),
  ]);
  if (!server) throw new Error('The server said nothing of itself.');
  const status = await readTierStatus(gateway);
  const active = status.tenants.filter(({ role, chunks }) => role === 'active' && chunks > 0);
  const recall = active.map(({ tenantId, modelId, tier, chunks }) => {
    const measured = curves.find((curve) => curve.tenantId === tenantId && curve.modelId === modelId);
    return { tenantId, tier, chunks, ...(measured && { measured }) };
  });
  const findings = [
    ...checkVersions(server),
    ...checkIndexes(indexes),
    ...checkTiers({
      crossover: status.crossover.chunks,
      tenants: active.length,
      steps: planStatus(status).map(({ step, index, state }) => ({
        ...{ step, index, chunks: state?.chunks ?? 0 },
        ...(state && { tenantId: state.target.tenantId }),
      })),
    }),
    ...checkVacuum({ ...server, tables }),
    ...checkAutovacuum(server, tables),
    ...checkSettings(server),
    ...checkMemory({ ...server, indexes }),
    ...checkRecall(recall),
    ...checkModels(models, configured),
  ];
  const sizes: TableSizes = {
    // As they are now: right after a load the server has counted nothing, and no table is small for that.
    pages: new Map(tables.map(({ name, pagesNow }) => [name, pagesNow])),
    rows: new Map(tables.flatMap(({ name, plannedRows }) => (plannedRows === null ? [] : [[name, plannedRows]]))),
  };
  const modelIds = models.filter(({ inUse }) => inUse).map(({ id }) => id);
  const chosen = chooseTenants(active, only);
  if (chosen.length === 0) {
    const found = only === undefined ? 'no tenant has vectors yet' : `the tenant ${only} has no vectors`;
    findings.push({ check: 'plans', level: 'skipped', found });
  }
  for (const tenant of chosen) {
    const dimensions = models.find(({ id }) => id === tenant.modelId)?.dimensions ?? 256;
    findings.push(...(await examineTenant(gateway, { tenant, dimensions, namesModel: modelIds.length > 1 }, sizes)));
  }
  const tenants = chosen.map(({ tenantId }) => tenantId);
  const beside = status.tenants.filter(({ role }) => role !== 'active');
  return { findings, sizes, tenants, modelIds, beside };
}

/** The largest, the median and the smallest: the planner sees each of them differently. */
function chooseTenants(largestFirst: readonly TenantTier[], only: TenantId | undefined): TenantTier[] {
  if (only !== undefined) return largestFirst.filter(({ tenantId }) => tenantId === only);
  const places = new Set([0, Math.floor(largestFirst.length / 2), largestFirst.length - 1]);
  return largestFirst.filter((_, index) => places.has(index));
}

async function checkOutbox(worker: Database, { sizes, modelIds, beside }: Looked): Promise<Finding[]> {
  // Where nobody has a model yet, any will do.
  const claims = (modelIds.length > 0 ? modelIds : [0]).flatMap(workerStrategies);
  const [jobs] = await readInFlight(worker, workerScope(), [waitingJobsStatement(beside)]);
  const [apart, searched] = [jobs.find(({ isBeside }) => isBeside), jobs.find(({ isBeside }) => !isBeside)];
  return [...checkJobs(searched, apart), ...checkPlans('worker', await planAll(worker, claims, sizes))];
}
