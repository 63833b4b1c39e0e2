import { randomUUID } from 'node:crypto';
import type { Statement } from '../../db/database.ts';
import { workerScope } from '../../db/scope.ts';
import type { Strategy } from '../../doctor/expected-plans.ts';
import type { StrategyStatement } from '../../doctor/explain-strategy.ts';
import {
  bodiesByIdStatement,
  documentListStatement,
  documentsByIdStatement,
} from '../../documents/document-statements.ts';
import type { ChunkId, DocumentId, TenantId } from '../../ids.ts';
import { highlightsStatement } from '../../search/highlights.ts';
import { passagesStatement } from '../../search/passages.ts';
import { type SearchPlan, type SemanticPlan, vectorOperands } from '../../search/search-plan.ts';
import { searchStatement } from '../../search/search-statement.ts';
import { normaliseVector } from '../../vector.ts';
import { claimJobsStatement } from '../../worker/job-statements.ts';

/** Whose plans are asked for. */
export interface StrategyTarget {
  readonly tenantId: TenantId;
  readonly modelId: number;
  /** Components of the model's vectors. */
  readonly dimensions: number;
  readonly tier: 'exact' | 'hnsw';
  /** Words that the keyword half looks for; which ones makes no difference to the plan. */
  readonly words?: string;
  /** One that the tenant has: the planner goes by how many documents are in it. */
  readonly collection: string;
}

const candidates = 100;
/** What is claimed at once, and for how long: as the worker does, though a plan does not run it. */
const [claimedJobs, leaseSeconds] = [64, 120];

/** Every way in which the gateway reads a tenant's rows, as the statements that it sends. Nothing of the tenant's goes into them but the name of a collection. */
export function tenantStrategies(target: StrategyTarget): StrategyStatement[] {
  const { tenantId, modelId, dimensions, tier, words = 'which words makes no difference', collection } = target;
  // Settings as a search has them: breadth is at least the number of candidates.
  const settings = { 'hnsw.ef_search': candidates };
  const scope = { role: 'tessera_reader', tenantId, subject: 'tessera doctor', settings } as const;
  const strategy = (name: Strategy, statement: Statement<unknown>, run = true): StrategyStatement => ({
    strategy: name,
    statement,
    scope,
    run,
  });
  const full = normaliseVector(Float32Array.from({ length: dimensions }, (_, index) => Math.sin(index)));
  const semantic: SemanticPlan = { modelId, ...vectorOperands(full), depth: { kind: 'two-stage', candidates } };
  const keyword = { words, candidates, scan: { kind: 'exact' } } as const;
  const plan: SearchPlan = {
    modelId,
    fusion: { method: 'RECIPROCAL_RANK', keywordWeight: 2, semanticWeight: 1, rankConstant: 60 },
    selection: { filter: {}, exceptChunks: [] },
    groupBy: 'DOCUMENT',
    withVectors: false,
    seen: [],
    limit: 11,
  };
  const search = (change: Partial<SearchPlan>) => searchStatement(tenantId, { ...plan, ...change });
  const documentIds = Array.from({ length: 10 }, () => randomUUID() as string as DocumentId);
  const chunkIds = Array.from({ length: 10 }, () => randomUUID() as string as ChunkId);
  return [
    strategy(`semantic, ${tier} tier`, search({ semantic })),
    strategy('keyword', search({ keyword })),
    strategy(`hybrid, ${tier} tier`, search({ semantic, keyword })),
    strategy(`by chunk, ${tier} tier`, search({ semantic, groupBy: 'CHUNK' })),
    strategy(
      'filtered by collection',
      search({ semantic, selection: { ...plan.selection, collections: [collection] } }),
    ),
    // It reads every full vector of the tenant, which is too much to find out how it would.
    strategy('recall EXACT', search({ semantic: { ...semantic, depth: { kind: 'exact' } } }), false),
    strategy('documents by id', documentsByIdStatement(tenantId, documentIds)),
    strategy('bodies by id', bodiesByIdStatement(tenantId, documentIds)),
    strategy('page of documents', documentListStatement(tenantId, { filter: {}, limit: 11 })),
    strategy(
      'page of a collection',
      documentListStatement(tenantId, { filter: { collection: { eq: collection } }, limit: 11 }),
    ),
    strategy('passages', passagesStatement(tenantId, { ...plan, semantic }, documentIds, 3)),
    strategy('highlights', highlightsStatement(tenantId, words, chunkIds)),
  ];
}

/** What a worker does again and again, over all tenants. */
export function workerStrategies(modelId: number): StrategyStatement[] {
  const statement = claimJobsStatement(modelId, claimedJobs, leaseSeconds);
  return [{ strategy: 'claim of jobs', statement, scope: workerScope(), run: false }];
}
