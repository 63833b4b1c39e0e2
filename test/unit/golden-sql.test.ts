import { readFileSync } from 'node:fs';
import { glob } from 'node:fs/promises';
import { format } from 'sql-formatter';
import { describe, expect, it } from 'vitest';
import * as access from '../../src/access/access-statements.ts';
import * as apiKeys from '../../src/access/key-statements.ts';
import * as audit from '../../src/audit/audit-statements.ts';
import { auditStatement } from '../../src/db/audit.ts';
import { visibleCanariesStatement } from '../../src/db/canary.ts';
import type { Statement } from '../../src/db/database.ts';
import { planOnceStatements } from '../../src/db/plan-once.ts';
import type { Query } from '../../src/db/query.ts';
import * as doctor from '../../src/doctor/fact-statements.ts';
import * as accessLists from '../../src/documents/access-lists.ts';
import * as documents from '../../src/documents/document-statements.ts';
import * as driftDocuments from '../../src/drift/document-statements.ts';
import * as drift from '../../src/drift/drift-statements.ts';
import * as driftLooks from '../../src/drift/look-statements.ts';
import type { ApiKeyId, ChunkId, DocumentId, JobId, TenantDeletionId } from '../../src/ids.ts';
import { parseTenantId } from '../../src/ids.ts';
import * as attributes from '../../src/ingest/attribute-statements.ts';
import * as audiences from '../../src/ingest/audience-statements.ts';
import * as chunks from '../../src/ingest/chunk-statements.ts';
import * as settings from '../../src/ingest/collection-settings.ts';
import * as letters from '../../src/ingest/dead-letters.ts';
import * as definitions from '../../src/ingest/define-collection.ts';
import * as documentDeletions from '../../src/ingest/delete-statements.ts';
import * as divideAnew from '../../src/ingest/divide-anew.ts';
import { removeGoneStatement, reserveDocumentsStatement } from '../../src/ingest/import-documents.ts';
import * as once from '../../src/ingest/only-once.ts';
import * as patches from '../../src/ingest/patch-documents.ts';
import * as queue from '../../src/ingest/queue-chunks.ts';
import * as readJobs from '../../src/ingest/read-jobs.ts';
import * as queueAgain from '../../src/ingest/reembed.ts';
import * as sources from '../../src/ingest/sources/change-statements.ts';
import * as staged from '../../src/ingest/staged-statements.ts';
import * as upsert from '../../src/ingest/upsert-statements.ts';
import * as models from '../../src/models/model-statements.ts';
import * as ownModels from '../../src/models/own-models.ts';
import * as roles from '../../src/models/role-statements.ts';
import * as quotas from '../../src/quotas/quota-statements.ts';
import * as curves from '../../src/recall/curve-statements.ts';
import { nothingStatement } from '../../src/recall/measure-stage-one.ts';
import { keepQueriesStatement, sampledQueriesStatement } from '../../src/recall/query-sample-statements.ts';
import type { RecallCurve } from '../../src/recall/recall-curve.ts';
import * as recall from '../../src/recall/recall-statements.ts';
import { exampleOperands } from '../../src/search/example-stage.ts';
import { explainStatement } from '../../src/search/explain-search.ts';
import { highlightsStatement } from '../../src/search/highlights.ts';
import * as missing from '../../src/search/missing-statements.ts';
import { passagesStatement } from '../../src/search/passages.ts';
import { exampleVectorsStatement } from '../../src/search/read-examples.ts';
import { reportedSearchStatement } from '../../src/search/reported-search.ts';
import type { SearchPlan } from '../../src/search/search-plan.ts';
import { searchStatement } from '../../src/search/search-statement.ts';
import { preparedReportedSearchStatement, preparedSearchStatement } from '../../src/search/search-template.ts';
import { wordScansStatement } from '../../src/search/word-scans.ts';
import * as deletions from '../../src/tenants/deletion-statements.ts';
import * as exported from '../../src/tenants/export-statements.ts';
import * as tenants from '../../src/tenants/read-tenant.ts';
import * as lifecycle from '../../src/tenants/tenant-statements.ts';
import * as crossover from '../../src/tiers/crossover.ts';
import * as graphs from '../../src/tiers/graph-index.ts';
import * as indexes from '../../src/tiers/index-statements.ts';
import * as tiers from '../../src/tiers/tier-statements.ts';
import * as words from '../../src/tiers/word-index.ts';
import * as wordStatements from '../../src/tiers/word-statements.ts';
import { adoptableChunksStatement } from '../../src/worker/adopt-vectors.ts';
import * as clearing from '../../src/worker/clear-away.ts';
import * as erasure from '../../src/worker/erase-tenants.ts';
import * as jobs from '../../src/worker/job-statements.ts';
import * as modelRows from '../../src/worker/model-statements.ts';
import * as purge from '../../src/worker/purge-documents.ts';
import * as old from '../../src/worker/purge-old-rows.ts';
import { purgeQuerySamplesStatement } from '../../src/worker/purge-query-samples.ts';
import { purgeRevokedTokensStatement } from '../../src/worker/purge-revoked-tokens.ts';
import * as outbox from '../../src/worker/read-outbox.ts';
import * as terms from '../../src/worker/term-stats-statements.ts';
import * as vectorStatements from '../../src/worker/vector-statements.ts';

const tenant = parseTenantId('acme');
const documentId = '01890000-0000-7000-8000-000000000001' as DocumentId;
const chunkId = '01890000-0000-7000-8000-000000000002' as ChunkId;
const jobId = '01890000-0000-7000-8000-000000000004' as JobId;
const hash = Buffer.alloc(32);
const unit = new Float32Array(512).fill(1 / Math.sqrt(512));

const row: upsert.DocumentRow = {
  id: documentId,
  collection: 'handbook',
  externalId: 'x',
  title: 'T',
  body: 'B',
  url: null,
  metadata: '{}',
  status: 'published',
  language: 'english',
  audience: 7,
  contentHash: hash,
  expiresAt: null,
};
const chunk: upsert.ChunkRow = {
  id: chunkId,
  documentId,
  ordinal: 0,
  context: 'T',
  text: 'B',
  start: 0,
  end: 1,
  language: 'english',
  audience: 7,
  contentHash: hash,
};

const semantic = { modelId: 1, full: hash, coarse: hash, depth: { kind: 'two-stage', candidates: 100 } } as const;
const counted = {
  ...semantic,
  depth: { ...semantic.depth, stageOne: { kind: 'counted', permittedBudget: 5_000 } },
} as const;
const similar: SearchPlan['semantic'] = { ...semantic, ...exampleOperands({ documentId }) };
const keyword = { words: 'cold shower', candidates: 100, scan: { kind: 'exact' } } as const;
const plan: SearchPlan = {
  modelId: 1,
  fusion: { method: 'RECIPROCAL_RANK', keywordWeight: 2, semanticWeight: 1, rankConstant: 60 },
  selection: { filter: {}, exceptChunks: [] },
  groupBy: 'DOCUMENT',
  withVectors: false,
  seen: [],
  limit: 11,
};
const filtered: SearchPlan = {
  ...plan,
  semantic,
  keyword,
  conditions: '"hot water" -"spa"',
  selection: {
    collections: ['handbook'],
    exceptChunks: [chunkId],
    filter: {
      or: [{ title: { startsWith: 'A' } }, { not: { externalId: { is: 'NULL' } } }],
      status: { neq: 'draft' },
      createdAt: { gte: new Date(0) },
      attributes: [
        { name: 'price', number: { gte: 10, is: 'NOT_NULL' } },
        { name: 'retired', date: { is: 'NULL' } },
        { name: 'tags', textList: { containsAny: ['a', 'b'], containsAll: ['c', 'd'] } },
      ],
      metadata: [
        { key: 'year', number: { gte: 2024 } },
        { key: 'audience', text: { in: ['guest', 'staff'] } },
      ],
    },
  },
  minScore: 0.1,
  seen: ['800000000001'],
};

const german = { tenantId: tenant, language: 'german' };
const vectors = { tenantId: tenant, modelId: 1 };
const sampled = { full: Buffer.alloc(0), coarse: Buffer.alloc(0) };
const curve: RecallCurve = {
  ...{ modelId: 1, tier: 'hnsw', chunks: 20_000, sample: 200, settings: [] },
  ...{ exact: { p50Ms: 1, p95Ms: 2 }, measuredAt: new Date(0) },
};
const times = { tenantId: tenant, chunks: 20_000, candidates: 100, floorMs: 1, exactMs: 5, graphMs: 2 };

/** Two searches of one request that differ in vector and words. */
function batchStatement(prepare: typeof preparedSearchStatement | typeof preparedReportedSearchStatement) {
  const searches = ['cold shower', 'hot tub'].map(
    (words) => prepare(tenant, { ...plan, semantic, keyword: { ...keyword, words } }).compile() as Query,
  );
  return { compile: () => searches[0]?.merge?.query(searches) as Query };
}

/** Two documents of one request, each with its neighbours. */
function similarBatchStatement() {
  const ids = [documentId, '01890000-0000-7000-8000-000000000009' as DocumentId];
  const searches = ids.map((id) => {
    const like = { ...semantic, ...exampleOperands({ documentId: id }) };
    return preparedReportedSearchStatement(tenant, { ...plan, semantic: like, reports: true }).compile() as Query;
  });
  return { compile: () => searches[0]?.merge?.query(searches) as Query };
}

/** Every statement that the program sends, by the name of its golden file. */
const statements: Record<string, Statement<unknown>> = {
  'access-lists': accessLists.accessListsStatement(tenant, [documentId]),
  audiences: audiences.audiencesStatement(tenant, [hash]),
  'insert-audiences': audiences.insertAudiencesStatement(tenant, [{ users: ['ann'], groups: ['staff'], digest: hash }]),
  'bodies-by-id': documents.bodiesByIdStatement(tenant, [documentId]),
  'chunk-texts': jobs.chunkTextsStatement(tenant, [chunkId]),
  'bury-jobs': jobs.buryJobsStatement(tenant, 1, [chunkId], 'a reason'),
  'claim-jobs': jobs.claimJobsStatement(1, 64, 120),
  collections: tenants.collectionsStatement(tenant),
  'corpus-sizes': terms.corpusSizesStatement(tenant),
  'count-terms': terms.countTermsStatement(tenant, 'english'),
  'collection-settings': settings.collectionSettingsStatement(tenant, ['handbook']),
  'collection-page': definitions.documentPageStatement(tenant, 'handbook', documentId, 2_000),
  'count-collection': definitions.countDocumentsStatement(tenant, 'handbook'),
  'delete-attributes': attributes.deleteAttributesStatement(tenant, [documentId]),
  'delete-chunks': chunks.deleteChunksStatement(tenant, [chunkId]),
  'hand-over-vectors': chunks.handOverVectorsStatement(tenant, new Map([[chunkId, chunkId]]), [chunkId]),
  'lock-chunks': chunks.lockChunksStatement(tenant, [documentId]),
  'waiting-chunks': chunks.waitingChunksStatement(tenant, [documentId]),
  'place-chunks': chunks.placeChunksStatement(tenant, [{ id: chunkId, ordinal: 1, start: 2, end: 3 }]),
  'delete-documents': documentDeletions.deleteDocumentsStatement(tenant, [documentId]),
  'delete-chunks-of': documentDeletions.deleteChunksOfStatement(tenant, [documentId]),
  'forget-deletion': documentDeletions.forgetDeletionStatement(tenant, jobId),
  'lock-divided': divideAnew.lockDividedStatement(tenant, [documentId]),
  'renew-hashes': divideAnew.renewHashesStatement(tenant, [{ id: documentId, hash: Buffer.alloc(32) }]),
  reembeddings: jobs.reembeddingsStatement(tenant, [jobId]),
  'lock-deleted': documentDeletions.lockDeletedStatement(tenant, [documentId]),
  'mark-deleted': documentDeletions.markDeletedStatement(tenant, [documentId]),
  'mark-matching-deleted': documentDeletions.markMatchingDeletedStatement(
    tenant,
    { status: { eq: 'draft' } },
    jobId,
    20_000,
  ),
  'unmark-deleted': documentDeletions.unmarkDeletedStatement(tenant, [documentId]),
  'clear-attributes': purge.clearAttributesStatement(tenant, [documentId]),
  'clear-passages': purge.clearPassagesStatement(tenant, [documentId]),
  'deletion-batch': purge.deletionBatchStatement(tenant, jobId, 500),
  deletions: purge.deletionsStatement(),
  'note-cleared': purge.noteClearedStatement(tenant, [documentId]),
  'note-deletion': purge.noteDeletionStatement(tenant, jobId, 500),
  'purge-deleted': purge.purgeDeletedStatement(168, 500),
  'purge-expired': purge.purgeExpiredStatement(500),
  'delete-jobs': jobs.deleteJobsStatement(tenant, 1, [chunkId]),
  'document-list': documents.documentListStatement(tenant, { filter: {}, after: documentId, limit: 11 }),
  'documents-by-id': documents.documentsByIdStatement(tenant, [documentId]),
  'insert-attributes': attributes.insertAttributesStatement(tenant, [documentId]),
  'insert-attributes-by-name': attributes.insertAttributesStatement(tenant, [documentId], ['year']),
  'documents-by-key': documents.documentsByKeyStatement(tenant, [{ collection: 'handbook', externalId: 'x' }]),
  'insert-chunks-staged': staged.insertStagedChunksStatement(tenant),
  'insert-documents-staged': staged.insertStagedDocumentsStatement(tenant),
  'insert-embeddings-staged': vectorStatements.insertStagedEmbeddingsStatement(tenant, 1),
  'insert-jobs-leased': upsert.insertJobsStatement(tenant, [chunkId], jobId, true, 120),
  'create-vector-stage': vectorStatements.createVectorStageStatement(),
  'create-stage-chunks': staged.createStagesStatements()[1] as Statement<unknown>,
  'create-stage-documents': staged.createStagesStatements()[0] as Statement<unknown>,
  'plan-once': planOnceStatements()[0] as Statement<unknown>,
  'plan-once-joins': planOnceStatements()[1] as Statement<unknown>,
  'insert-chunks': upsert.insertChunksStatement(tenant, [chunk]),
  'insert-documents': upsert.insertDocumentsStatement(tenant, [row]),
  'insert-embeddings': vectorStatements.insertEmbeddingsStatement(tenant, 1, [
    { chunkId, coarse: unit.slice(0, 256), full: unit },
  ]),
  'insert-jobs': upsert.insertJobsStatement(tenant, [chunkId], jobId, false),
  'insert-model': models.insertModelStatement({ name: 'm', dimensions: 512 }),
  'insert-unembeddable': vectorStatements.insertUnembeddableStatement(tenant, 1, [chunkId]),
  'lock-collections': settings.lockCollectionsStatement(tenant, 'write'),
  'lock-collections-to-define': settings.lockCollectionsStatement(tenant, 'define'),
  'lock-documents': upsert.lockDocumentsStatement(tenant, [documentId], [{ collection: 'c', externalId: 'x' }]),
  models: models.modelsStatement(),
  'pending-chunks': documents.pendingChunksStatement(tenant, [documentId]),
  'postpone-jobs': jobs.postponeJobsStatement(tenant, 1, [chunkId], { reason: 'reason', wasSent: true }, 0.5),
  'postpone-jobs-unsent': jobs.postponeJobsStatement(
    tenant,
    1,
    [chunkId],
    { reason: 'reason', waitMs: 60_000, wasSent: false },
    0.5,
  ),
  'note-written': terms.noteWrittenStatement(tenant, 12),
  'record-corpus': terms.recordCorpusStatement(tenant, 'english', 10, 2),
  'register-tenant': upsert.registerTenantStatement(tenant),
  'register-tenant-model': upsert.registerTenantModelStatement(tenant, 1),
  'save-collection': definitions.saveCollectionStatement(tenant, {
    ...{ name: 'handbook', language: 'german', attributes: [{ name: 'year', type: 'number' }] },
  }),
  search: searchStatement(tenant, { ...plan, semantic, keyword }),
  'search-by-chunk': searchStatement(tenant, {
    ...plan,
    semantic,
    keyword,
    groupBy: 'CHUNK',
    recency: { halfLifeDays: 30, weight: 0.3 },
    withVectors: true,
    fusion: { ...plan.fusion, method: 'RELATIVE_SCORE' },
  }),
  'missing-document-facts': missing.documentFactsStatement(tenant, filtered, documentId),
  'missing-is-candidate': missing.isCandidateStatement(tenant, { ...plan, semantic }, documentId),
  'missing-place': missing.placeStatement(tenant, { ...plan, semantic, keyword }, documentId),
  'missing-true-rank': missing.trueRankStatement(tenant, { ...plan, semantic }, documentId),
  // preparedSearchStatement() and preparedReportedSearchStatement() are the statements below, and this where several travel as one.
  'search-batch': batchStatement(preparedSearchStatement),
  'search-batch-reported': batchStatement(preparedReportedSearchStatement),
  'search-exact': searchStatement(tenant, { ...plan, semantic: { ...semantic, depth: { kind: 'exact' } } }),
  'search-counted': reportedSearchStatement(tenant, { ...filtered, semantic: counted, reports: true }),
  'search-counted-words': reportedSearchStatement(tenant, {
    ...filtered,
    semantic: counted,
    selection: { filter: {}, exceptChunks: [] },
    reports: true,
  }),
  'search-counted-lists': reportedSearchStatement(tenant, {
    ...plan,
    semantic: counted,
    selection: { filter: {}, exceptChunks: [], hasAccessLists: true },
    reports: true,
  }),
  'search-covering': searchStatement(tenant, {
    ...plan,
    semantic: { ...semantic, depth: { ...semantic.depth, stageOne: { kind: 'covering' } } },
  }),
  'search-filtered': searchStatement(tenant, filtered),
  'search-filtered-lists': searchStatement(tenant, {
    ...filtered,
    selection: { ...filtered.selection, hasAccessLists: true },
  }),
  'search-lists': searchStatement(tenant, {
    ...plan,
    semantic,
    keyword,
    selection: { filter: {}, exceptChunks: [], hasAccessLists: true },
  }),
  'search-example-vectors': exampleVectorsStatement(tenant, 1, [documentId], [chunkId]),
  'search-word-scans': wordScansStatement({
    words: 'cold shower',
    candidates: 100,
    scan: { kind: 'rarest', languages: ['english'], rowBudget: 10_000 },
  }),
  'search-highlights': highlightsStatement(tenant, 'cold shower', [chunkId]),
  'search-passages': passagesStatement(tenant, { ...plan, semantic }, [documentId], 3),
  'search-passages-similar': passagesStatement(tenant, { ...plan, semantic: similar }, [documentId], 3),
  'search-similar': reportedSearchStatement(tenant, { ...plan, semantic: similar, reports: true }),
  'search-similar-batch': similarBatchStatement(),
  'search-passages-by-words': passagesStatement(tenant, { ...plan, keyword }, [documentId], 3),
  'search-explained': explainStatement(searchStatement(tenant, { ...plan, keyword })),
  'search-keyword-rarest': searchStatement(tenant, {
    ...plan,
    keyword: { ...keyword, scan: { kind: 'rarest', languages: ['english'], rowBudget: 20_000 } },
  }),
  'search-keyword-rarest-filtered': searchStatement(tenant, {
    ...filtered,
    semantic: counted,
    keyword: { ...keyword, scan: { kind: 'rarest', languages: ['english'], rowBudget: 20_000 } },
  }),
  'search-keyword-rarest-lists': searchStatement(tenant, {
    ...plan,
    keyword: { ...keyword, scan: { kind: 'rarest', languages: ['english'], rowBudget: 20_000 } },
    selection: { filter: {}, exceptChunks: [], hasAccessLists: true },
  }),
  'search-keyword': searchStatement(tenant, { ...plan, keyword }),
  'search-semantic': searchStatement(tenant, { ...plan, semantic }),
  'tenant-facts': tenants.tenantFactsStatement(tenant),
  'own-models': ownModels.ownModelsStatement(tenant),
  'remove-attributes': attributes.removeAttributesStatement(tenant, 'handbook', ['year']),
  'update-document': upsert.updateDocumentStatement(tenant, row),
};

const apiKeyId = '01890000-0000-7000-8000-000000000003' as ApiKeyId;
const apiKey: apiKeys.KeyRow = {
  id: apiKeyId,
  prefix: '0123456789ab',
  secretHash: hash,
  name: 'N',
  subject: 'S',
  groups: [],
  scopes: ['search'],
  createdBy: 'C',
  expiresAt: null,
};
const moment = new Date(0);

/** Those that find out who calls, and those of keys. */
const callers: Record<string, Statement<unknown>> = {
  'api-keys': apiKeys.keysStatement(tenant, 1_000),
  'find-api-keys': access.findApiKeysStatement('0123456789ab'),
  'insert-api-key': apiKeys.insertKeyStatement(tenant, apiKey),
  'note-key-use': access.noteKeyUseStatement([{ tenantId: tenant, keyId: apiKeyId, usedAt: moment }]),
  'purge-revoked-tokens': purgeRevokedTokensStatement(),
  'register-key-owner': apiKeys.registerKeyOwnerStatement(tenant),
  revocations: access.revocationsStatement(60),
  'revoke-api-key': apiKeys.revokeKeyStatement(tenant, apiKeyId),
  'revoke-token': apiKeys.revokeTokenStatement(tenant, 'jti', moment, 'S'),
  'token-is-revoked': access.tokenIsRevokedStatement(tenant, 'jti'),
  'usable-key-count': apiKeys.usableKeyCountStatement(tenant),
};

const everyLimit = {
  requestsPerMinute: 600,
  costPointsPerMinute: null,
  embeddingTokensPerDay: 1,
  documents: 1,
  chunks: 1,
};
const wanted = { kind: 'requestsPerMinute', atLeast: 1, wished: 30, limit: 600, windowSeconds: 60 } as const;

/** Those of limits and of the audit log. */
const limits: Record<string, Statement<unknown>> = {
  audit: auditStatement(tenant, { action: 'deleteDocuments', targetKind: 'document', targetIds: [documentId] }),
  'audit-log': audit.auditLogStatement(tenant, {
    action: 'deleteDocuments',
    actor: 'S',
    since: moment,
    until: moment,
    after: documentId,
    limit: 11,
  }),
  limits: quotas.limitsStatement(tenant, undefined),
  'limits-of-key': quotas.limitsStatement(tenant, apiKeyId),
  'limits-since': quotas.limitsSinceStatement(60),
  'lock-storage': quotas.lockStorageStatement(tenant),
  'purge-audit-log': old.purgeAuditLogStatement(365, 5_000),
  'purge-query-samples': purgeQuerySamplesStatement(30),
  'purge-quota-windows': old.purgeQuotaWindowsStatement(),
  'deleted-tenant': quotas.deletedTenantStatement(tenant),
  'register-limited-tenant': quotas.registerLimitedTenantStatement(tenant),
  'set-limits': quotas.setLimitsStatement(tenant, apiKeyId, everyLimit),
  stored: quotas.storedStatement(tenant, 'documents'),
  'stored-chunks': quotas.storedStatement(tenant, 'chunks'),
  'storage-limits': quotas.storageLimitsStatement(),
  'take-quota': quotas.takeQuotaStatement(wanted),
};

const sender = {
  principal: { tenantId: tenant, subject: 'S', groups: [], scopes: [] },
  key: 'K',
};
const newJob = { id: jobId, kind: 'write', createdBy: 'S' } as const;

/** Those of jobs, and of what becomes of vectors when documents change. */
const duties: Record<string, Statement<unknown>> = {
  'claim-key': once.claimKeyStatement(sender, 'fingerprint'),
  'waiting-sources': sources.waitingSourcesStatement(),
  'take-source': sources.takeSourceStatement(tenant, 'public.articles'),
  'source-truncation': sources.truncationStatement(tenant, 'public.articles'),
  'source-changes': sources.changesStatement(tenant, 'public.articles', 100),
  'source-changes-of': sources.changesOfStatement(tenant, 'public.articles', ['1']),
  'forget-source-changes': sources.forgetChangesStatement(tenant, 'public.articles', [{ key: '1', seq: '7' }]),
  'forget-older-source-changes': sources.forgetOlderStatement(tenant, 'public.articles', [{ key: '1', seq: '7' }]),
  'forget-truncated-source': sources.forgetTruncatedStatement(tenant, 'public.articles', '7', true),
  'postpone-source-change': sources.postponeChangeStatement(tenant, 'public.articles', { key: '1', seq: '7' }, 'x', 7),
  'bury-source-change': sources.buryChangeStatement(tenant, 'public.articles', { key: '1', seq: '7' }, 'x'),
  'delete-by-keys': sources.deleteByKeysStatement(tenant, 'articles', ['1']),
  'delete-some': sources.deleteSomeStatement(tenant, 'articles', 1_000),
  'dead-letters': letters.deadLettersStatement(tenant, { limit: 10 }),
  'dead-letters-of-model': letters.deadLettersStatement(tenant, { limit: 10, model: 'static' }),
  'delete-marks': vectorStatements.deleteMarksStatement(tenant, 1, [chunkId]),
  'delete-own-vectors': vectorStatements.deleteOwnVectorsStatement(tenant, 1, [chunkId]),
  'delete-stand-ins': vectorStatements.deleteStandInsStatement(tenant, 1, [documentId]),
  'extend-job': queue.extendJobStatement(tenant, jobId, 'write', 12),
  jobs: readJobs.jobsStatement(tenant, { limit: 10 }),
  'jobs-by-id': readJobs.jobsStatement(tenant, { ids: [jobId], limit: 1 }),
  'queue-collection': queueAgain.queueDocumentsStatement(tenant, { collection: 'handbook' }, jobId),
  'queue-documents': queueAgain.queueDocumentsStatement(tenant, { ids: [documentId] }, jobId),
  'queued-texts': queueAgain.queuedTextsStatement(tenant, jobId, chunkId, 1_000),
  requeue: letters.requeueStatement(tenant, [{ chunkId, modelId: 1 }], jobId),
  'requeue-all': letters.requeueStatement(tenant, undefined, jobId),
  'patch-document': patches.patchDocumentStatement(tenant, {
    ...{ id: documentId, metadata: '{}', status: 'published', url: null, expiresAt: null, audience: 7 },
  }),
  'insert-job': queue.insertJobStatement(tenant, newJob, 12),
  'lock-edited-documents': vectorStatements.lockEditedDocumentsStatement(tenant, 1, [documentId]),
  'note-progress': jobs.noteProgressStatement(tenant, new Map([[jobId, 12]])),
  outcome: once.outcomeStatement(sender),
  'purge-jobs': clearing.purgeJobsStatement(),
  'purge-outcomes': clearing.purgeOutcomesStatement(),
  'reject-jobs': jobs.rejectJobsStatement(tenant, 1, [chunkId], 'reason', 0.5),
  'save-outcome': once.saveOutcomeStatement(sender, '{}'),
};

/** Those of tiers and of calibration. */
const maintenance: Record<string, Statement<unknown>> = {
  'analyze-chunks': words.analyzeChunksStatement(),
  'analyze-embeddings': graphs.analyzeEmbeddingsStatement(),
  'build-progress': indexes.buildProgressStatement(1, 20_000),
  builder: indexes.builderStatement(),
  'create-graph': graphs.createGraphStatement(vectors),
  crossover: crossover.crossoverStatement(),
  'create-word-index': words.createWordIndexStatement(german),
  'drop-index': indexes.dropIndexStatement(graphs.graphIndexName(vectors)),
  'stored-indexes': indexes.storedIndexesStatement(graphs.graphKind),
  'recall-exhaustive': recall.exhaustiveStatement(vectors, sampled, 11),
  'recall-measured-model': recall.measuredModelStatement(tenant),
  'recall-sample-texts': recall.sampleTextsStatement(tenant, 100, 1),
  'keep-queries': keepQueriesStatement(tenant, [{ draw: 0.5, mode: 'HYBRID', text: 'a lamp' }], 500),
  'sampled-queries': sampledQueriesStatement(tenant, 100, 1),
  'recall-nothing': nothingStatement(),
  'recall-sample-queries': recall.sampleQueriesStatement(vectors, 200, 1),
  'recall-stage-one': recall.stageOneStatement(vectors, sampled, 100),
  'recall-stage-one-exact': recall.exactStageOneStatement(vectors, sampled, 100),
  'recall-two-stage': recall.twoStageStatement(vectors, sampled, { stageOne: 'planned', candidates: 100 }, 11),
  'recall-two-stage-covering': recall.twoStageStatement(
    vectors,
    sampled,
    { stageOne: 'covering', candidates: 100 },
    11,
  ),
  'record-counts': tiers.recordCountsStatement(),
  'record-crossover': crossover.recordCrossoverStatement(12_000, times),
  'record-word-index': wordStatements.recordWordIndexStatement(german, words.wordIndexName(german)),
  'not-loaded': tiers.notLoadedStatement(tenant),
  'record-tier': tiers.recordTierStatement(vectors, 'hnsw', graphs.graphIndexName(vectors)),
  'save-curve': curves.saveCurveStatement(tenant, curve),
  'tier-states': tiers.tierStatesStatement(),
  'tier-status': tiers.tierStatusStatement(),
  'word-states': wordStatements.wordStatesStatement(),
  tuning: curves.tuningStatement(tenant),
};

const deletionId = '01890000-0000-7000-8000-000000000004' as TenantDeletionId;

/** Those of the lifecycle of tenants. */
const lives: Record<string, Statement<unknown>> = {
  'create-tenant': lifecycle.createTenantStatement(tenant, 'N'),
  'deletion-by-id': deletions.deletionByIdStatement(deletionId),
  'deletions-of-tenant': deletions.deletionsOfTenantStatement(tenant, 100),
  'exported-collections': exported.exportedCollectionsStatement(tenant),
  'exported-count': exported.exportedCountStatement(tenant),
  'exported-documents': exported.exportedDocumentsStatement(tenant, documentId, 20),
  'exported-model': exported.exportedModelStatement(tenant),
  'exported-tenant': exported.exportedTenantStatement(tenant),
  'exported-vectors': exported.exportedVectorsStatement(tenant, 1, [documentId]),
  'remove-gone': removeGoneStatement(tenant, [
    { id: documentId, collection: 'handbook', externalId: 'E', title: 'T', body: 'B', createdAt: moment },
  ]),
  'reserve-documents': reserveDocumentsStatement(tenant, [
    { id: documentId, collection: 'handbook', title: 'T', body: 'B', createdAt: moment },
  ]),
  'adoptable-chunks': adoptableChunksStatement(tenant, 1, [documentId]),
  'erase-tenant': erasure.eraseTenantStatement(tenant, 2_000),
  'insert-deletion': deletions.insertDeletionStatement(tenant, deletionId, 'S'),
  'lift-deletion': lifecycle.liftDeletionStatement(tenant),
  'open-deletions': erasure.openDeletionsStatement(),
  'rename-tenant': lifecycle.changeTenantStatement(tenant, { name: 'N' }),
  'suspend-tenant': lifecycle.changeTenantStatement(tenant, { status: 'suspended' }),
  'tenant-by-id': lifecycle.tenantByIdStatement(tenant),
  'tenant-list': lifecycle.tenantListStatement({ status: 'suspended', after: tenant, limit: 11 }),
  'tenant-sizes': lifecycle.tenantSizesStatement([tenant]),
  'visible-canaries': visibleCanariesStatement(),
};

/** Those of models that come and go. */
const changes: Record<string, Statement<unknown>> = {
  'add-candidate': roles.addCandidateStatement(tenant, 2, 1),
  'announce-models': roles.announceModelsStatement(tenant),
  backlog: modelRows.backlogStatement(tenant, 2, 5_000),
  'change-roles': roles.changeRolesStatement([tenant], [2], 'active'),
  'delete-curve': roles.deleteCurveStatement(tenant, 2),
  'erase-model': modelRows.eraseModelStatement('embeddings', tenant, 2, 1_000),
  'forget-replaced': roles.forgetReplacedStatement(tenant),
  'grow-fill-job': modelRows.growFillJobStatement(tenant, jobId, { looked: 1_000, queued: 900, isThrough: false }),
  'lock-emptying': modelRows.lockEmptyingStatement(tenant, 2),
  'lock-filling': modelRows.lockFillingStatement(tenant, 2),
  'lock-roles': roles.lockRolesStatement([tenant]),
  'lock-writes': roles.lockWritesStatement(tenant),
  'model-counts': roles.modelCountsStatement([tenant]),
  'model-roles': roles.modelRolesStatement(undefined),
  'note-emptied': modelRows.noteEmptiedStatement(tenant, 2),
  'note-filled': modelRows.noteFilledStatement(tenant, 2, { jobId, filledTo: chunkId, isThrough: true }),
  'open-fill-job': modelRows.openFillJobStatement(tenant, jobId),
  'queue-next-chunks': modelRows.queueNextChunksStatement(tenant, 2, jobId, chunkId, 1_000),
  'unfinished-models': modelRows.unfinishedModelsStatement(),
};

/** Those of the doctor. */
const looks: Record<string, Statement<unknown>> = {
  'doctor-indexes': doctor.indexesStatement(),
  'doctor-measured': doctor.measuredStatement(),
  'doctor-server': doctor.serverStatement(),
  'drift-chunks': drift.chunkPageStatement(tenant, chunkId, 2_000),
  'drift-vectors': drift.vectorPageStatement(tenant, { chunkId, modelId: 1, standIn: 0 }, 2_000),
  'outbox-by-model': outbox.outboxByModelStatement(),
  'drift-documents': driftDocuments.documentPageStatement(tenant, documentId, 1_000, 8_000_000),
  'drift-lock-cleared': driftDocuments.lockClearedStatement(tenant, [documentId]),
  'drift-delete-leftovers': driftDocuments.deleteLeftoversStatement(tenant, [chunkId]),
  'drift-tenants': driftLooks.driftTenantsStatement(),
  'drift-note-look': driftLooks.noteLookStatement(tenant, { missing: 3 }),
  'drift-looks': driftLooks.looksStatement([tenant]),
  'drift-worst-tenants': driftLooks.driftedTenantsStatement([tenant], 5),
  'drift-contents': drift.chunkContentsStatement(tenant, [chunkId]),
  'drift-delete-vectors': drift.deleteVectorsStatement(tenant, [chunkId], [1]),
  'drift-queue-anew': drift.queueAnewStatement(tenant, [chunkId]),
  'drift-queue-chunks': drift.queueChunksStatement(tenant, [chunkId]),
  'drift-rehash-chunks': drift.rehashChunksStatement(tenant, [chunkId], [hash]),
  'doctor-sample-document': doctor.sampleDocumentStatement(tenant, 1),
  'doctor-stranded-chunks': doctor.strandedChunksStatement(tenant, 1),
  'doctor-tables': doctor.tablesStatement(),
  'doctor-waiting-jobs': doctor.waitingJobsStatement([{ tenantId: tenant, modelId: 2 }]),
};

describe('the SQL that is sent', () => {
  it.each(
    Object.entries({ ...statements, ...callers, ...duties, ...maintenance, ...lives, ...changes, ...looks, ...limits }),
  )('%s is what its golden file says', async (name, statement) => {
    const { sql } = statement.compile();
    await expect(`${format(sql, { language: 'postgresql' })}\n`).toMatchFileSnapshot(`../sql/${name}.sql`);
  });

  it('has a golden file for every statement builder', async () => {
    const named = readFileSync(import.meta.filename, 'utf8');
    for await (const file of glob('src/**/*.ts')) {
      for (const [, builder] of readFileSync(file, 'utf8').matchAll(/export function (\w+Statement)\(/g)) {
        if (['scopeStatement', 'settingsStatement', 'maintenanceStatement'].includes(builder ?? '')) continue;
        expect(named, `${builder} of ${file}`).toContain(`${builder}(`);
      }
    }
  });
});
