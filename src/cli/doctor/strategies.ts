import { randomUUID } from 'node:crypto';
import type { Principal } from '../../auth/principal.ts';
import type { Database, Statement } from '../../db/database.ts';
import { tenantScope, workerScope } from '../../db/scope.ts';
import { expectedPlans } from '../../doctor/expected-plans.ts';
import type { StrategyStatement } from '../../doctor/explain-strategy.ts';
import {
  bodiesByIdStatement,
  documentListStatement,
  documentsByIdStatement,
} from '../../documents/document-statements.ts';
import type { ChunkId, DocumentId, TenantId } from '../../ids.ts';
import { firstSearch } from '../../search/first-search.ts';
import { highlightsStatement } from '../../search/highlights.ts';
import { passagesStatement } from '../../search/passages.ts';
import { claimJobsStatement } from '../../worker/job-statements.ts';
import { probeDeps, probeVector } from './probe-deps.ts';
import { type SearchOperands, searchStrategies } from './search-strategies.ts';

/** Whose plans are asked for, and with what. */
export interface StrategyTarget extends Omit<SearchOperands, 'vector' | 'words'> {
  readonly tenantId: TenantId;
  readonly model: { readonly id: number; readonly dimensions: number };
  /** Of whoever searches. */
  readonly groups?: readonly string[];
  /** Words that nobody's documents hold, unless told otherwise. */
  readonly words?: string;
}

/** What is claimed at once, and for how long: as the worker does, though a plan does not run it. */
const [claimedJobs, leaseSeconds] = [64, 120];
/** Looked up in a word index like any other, and found in no chunk. */
const unheardOf = 'qzxvjkwq';

/** Whoever searches for the doctor: with nothing but its tenant, it sees what everybody sees. */
export function doctorPrincipal(tenantId: TenantId, groups: readonly string[] = []): Principal {
  return { tenantId, subject: 'tessera doctor', groups, scopes: ['search', 'documents:read'] };
}

/** Every way in which the gateway reads a tenant's rows, as the statements that it sends. */
export async function tenantStrategies(
  database: Database,
  { tenantId, model, groups, words = unheardOf, collection, ...operands }: StrategyTarget,
): Promise<StrategyStatement[]> {
  const principal = doctorPrincipal(tenantId, groups);
  const deps = probeDeps(database, model);
  const vector = probeVector(model.dimensions);
  const searches = await searchStrategies(deps, principal, { vector, words, collection, ...operands });
  const documentIds = Array.from({ length: 10 }, () => randomUUID() as string as DocumentId);
  const chunkIds = Array.from({ length: 10 }, () => randomUUID() as string as ChunkId);
  const { plan } = await firstSearch(deps, principal, { vector: [...vector] });
  const strategy = (name: keyof typeof expectedPlans, statement: Statement<unknown>): StrategyStatement => ({
    ...{ strategy: name, expected: expectedPlans[name], statement },
    ...{ scope: tenantScope(principal), run: true },
  });
  const ofCollection = collection === undefined ? undefined : { collection: { eq: collection } };
  return [
    ...searches,
    strategy('documents by id', documentsByIdStatement(tenantId, documentIds)),
    strategy('bodies by id', bodiesByIdStatement(tenantId, documentIds)),
    strategy('page of documents', documentListStatement(tenantId, { filter: {}, limit: 11 })),
    ...(ofCollection === undefined
      ? []
      : [strategy('page of a collection', documentListStatement(tenantId, { filter: ofCollection, limit: 11 }))]),
    strategy('passages', passagesStatement(tenantId, plan, documentIds, 3)),
    strategy('highlights', highlightsStatement(tenantId, words, chunkIds)),
  ];
}

/** What a worker does again and again, over all tenants. */
export function workerStrategies(modelId: number): StrategyStatement[] {
  const statement = claimJobsStatement(modelId, claimedJobs, leaseSeconds);
  const name = 'claim of jobs';
  return [{ strategy: name, expected: expectedPlans[name], statement, scope: workerScope(), run: false }];
}
