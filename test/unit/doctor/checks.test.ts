import { describe, expect, test } from 'vitest';
import { checkAutovacuum } from '../../../src/doctor/check-autovacuum.ts';
import { checkDrift } from '../../../src/doctor/check-drift.ts';
import { checkEmbedder } from '../../../src/doctor/check-embedder.ts';
import { checkIndexes, type IndexFacts } from '../../../src/doctor/check-indexes.ts';
import { checkJobs } from '../../../src/doctor/check-jobs.ts';
import { checkMemory } from '../../../src/doctor/check-memory.ts';
import { checkModels } from '../../../src/doctor/check-models.ts';
import { checkRecall } from '../../../src/doctor/check-recall.ts';
import { checkSettings } from '../../../src/doctor/check-settings.ts';
import { checkPlans, checkStranded } from '../../../src/doctor/check-tenant.ts';
import { checkTiers } from '../../../src/doctor/check-tiers.ts';
import { checkVacuum } from '../../../src/doctor/check-vacuum.ts';
import { checkVersions } from '../../../src/doctor/check-versions.ts';
import type { Finding } from '../../../src/doctor/finding.ts';

const megabyte = 2 ** 20;
const levels = (findings: readonly Finding[]) => findings.map(({ level }) => level);
/** What is bad, each with a way to mend it. */
function bad(findings: readonly Finding[]): string[] {
  for (const { fix, level } of findings) expect(fix === undefined).toBe(level === 'ok');
  return findings.filter(({ level }) => level !== 'ok').map(({ level, found }) => `${level}: ${found}`);
}

const index = (name: string, sizeBytes = megabyte): IndexFacts => ({
  name,
  table: 'embeddings',
  valid: true,
  sizeBytes,
});
const indexes = [
  'embeddings_exact',
  'embeddings_pkey',
  'chunks_terms',
  'chunks_pkey',
  'documents_pkey',
  'documents_by_collection',
  'embedding_jobs_available',
].map((name) => index(name));
const table = {
  name: 'embeddings',
  pages: 1_000,
  visiblePages: 990,
  liveRows: 10_000,
  deadRows: 100,
  analysed: true,
  options: ['autovacuum_vacuum_insert_scale_factor=0.02'],
};
const vacuum = { tables: [table], autovacuum: true, trackCounts: true };
const settings = {
  walCompression: 'lz4',
  maintenanceWorkMemBytes: 64 * megabyte,
  maxParallelWorkers: 8,
  maxWorkerProcesses: 8,
  randomPageCost: 4,
  maxScanTuples: 20_000,
};
const autovacuum = { autovacuumNaptimeSeconds: 60, autovacuumWorkers: 3, autovacuumWorkMemBytes: null };
const unpaused = [{ name: 'embeddings', options: ['autovacuum_vacuum_cost_delay=0'] }];
const memory = { sharedBuffersBytes: 100 * megabyte, effectiveCacheBytes: 200 * megabyte, lacksHugePages: true };

describe('what is as it should be', () => {
  test.each<[string, Finding[]]>([
    ['versions', checkVersions({ postgres: 170_002, pgvector: '0.8.4' })],
    ['a pgvector of two digits', checkVersions({ postgres: 180_000, pgvector: '0.10.0' })],
    ['indexes', checkIndexes(indexes)],
    ['tiers', checkTiers({ crossover: 12_000, tenants: 3, steps: [] })],
    ['vacuum', checkVacuum(vacuum)],
    ['autovacuum', checkAutovacuum(autovacuum, unpaused)],
    ['settings', checkSettings(settings)],
    ['memory', checkMemory({ ...memory, indexes: [index('embeddings_exact', 100 * megabyte)] })],
    ['recall', checkRecall([{ tenantId: 'a', tier: 'exact', chunks: 10 }])],
    ['jobs', checkJobs({ waiting: 3, oldestSeconds: 599, failing: 0, dead: 0 })],
    ['plans', checkPlans('a', [{ strategy: 'keyword', deviations: [] }])],
    ['orphans', checkStranded('a', 0)],
  ])('%s', (_, findings) => {
    expect(levels(findings)).toEqual(['ok']);
  });
});

describe('what is not', () => {
  test('a pgvector that is too old is a fault, one with faults and an old PostgreSQL are warnings', () => {
    expect(bad(checkVersions({ postgres: 170_002, pgvector: '0.7.4' }))[0]).toMatch(/^fault: .*no iterative scans/);
    expect(bad(checkVersions({ postgres: 170_002, pgvector: '0.8.3' }))[0]).toMatch(/^warning: .*vacuuming a graph/);
    expect(bad(checkVersions({ postgres: 160_002, pgvector: '0.8.4' }))[0]).toMatch(/^warning: PostgreSQL 16\.2/);
  });

  test('a missing index and an invalid one', () => {
    const [, ...rest] = indexes;
    expect(bad(checkIndexes(rest))).toEqual(['fault: the index embeddings_exact is missing']);
    const unfinished = { ...index('embeddings_hnsw_0123456789ab'), valid: false };
    const [finding] = checkIndexes([...indexes, unfinished]);
    expect(finding).toMatchObject({ level: 'fault', fix: expect.stringContaining('tessera tiers --apply') });
    const [own] = checkIndexes([...rest, { ...index('embeddings_exact'), valid: false }]);
    expect(own?.fix).toContain('reindex index concurrently tessera.embeddings_exact');
  });

  test('a tenant that is indexed otherwise than its size asks for', () => {
    const steps = [
      { step: 'build', index: 'embeddings_hnsw_1', tenantId: 'acme', chunks: 20_000 },
      { step: 'drop', index: 'embeddings_hnsw_2', chunks: 0 },
    ];
    expect(bad(checkTiers({ crossover: 12_000, tenants: 3, steps }))).toEqual([
      'warning: embeddings_hnsw_1 of acme, 20,000 chunks: there should be one and there is none',
      'warning: embeddings_hnsw_2 of a tenant or model that is gone: it is not wanted any more',
    ]);
  });

  test.each([
    [{ ...vacuum, autovacuum: false }, 'fault: autovacuum is off'],
    [{ ...vacuum, trackCounts: false }, 'fault: track_counts is off'],
    [{ ...vacuum, tables: [{ ...table, options: [] }] }, 'warning: embeddings is not vacuumed after 2 % of inserts'],
    [
      { ...vacuum, tables: [{ ...table, options: [...table.options, 'autovacuum_enabled=false'] }] },
      'fault: autovacuum is off for embeddings',
    ],
    [{ ...vacuum, tables: [{ ...table, visiblePages: 899 }] }, 'warning: 90 % of the pages of embeddings'],
    [{ ...vacuum, tables: [{ ...table, deadRows: 2_001 }] }, 'warning: embeddings has 2,001 dead rows beside 10,000'],
    [{ ...vacuum, tables: [{ ...table, analysed: false }] }, 'warning: embeddings was never analysed'],
  ])('what keeps index-only scans from being that, case %#', (facts, message) => {
    expect(bad(checkVacuum(facts))).toEqual([expect.stringContaining(message)]);
  });

  test.each([
    [{ autovacuumNaptimeSeconds: 61 }, 'warning: autovacuum_naptime is 61 s'],
    [{ autovacuumWorkers: 2 }, 'warning: autovacuum_max_workers is 2'],
    [{ autovacuumWorkMemBytes: 63 * megabyte }, 'warning: autovacuum_work_mem is below 64 MB'],
  ])('what keeps autovacuum from coming or from finishing, case %#', (change, message) => {
    expect(bad(checkAutovacuum({ ...autovacuum, ...change }, unpaused))).toEqual([expect.stringContaining(message)]);
  });

  test('pauses of autovacuum in the table of the graphs, however they came', () => {
    for (const options of [[], ['autovacuum_vacuum_cost_delay=2'], ['autovacuum_vacuum_cost_delay=0.5']])
      expect(bad(checkAutovacuum(autovacuum, [{ name: 'embeddings', options }]))).toEqual([
        'warning: autovacuum pauses in embeddings: it takes about four times as long for a graph',
      ]);
    for (const options of [['autovacuum_vacuum_cost_delay=0'], ['autovacuum_vacuum_cost_delay=0.0']])
      expect(bad(checkAutovacuum(autovacuum, [{ name: 'embeddings', options }]))).toEqual([]);
  });

  test.each([
    [{ walCompression: 'off' }, 'wal_compression is off'],
    [{ maintenanceWorkMemBytes: 63 * megabyte }, 'maintenance_work_mem is below 64 MB'],
    [{ maxParallelWorkers: 1 }, 'fewer than two parallel workers'],
    [{ maxWorkerProcesses: 1 }, 'fewer than two parallel workers'],
    [{ maxScanTuples: 4_999 }, 'hnsw.max_scan_tuples is 4999'],
  ])('settings that cost something, case %#', (change, message) => {
    expect(bad(checkSettings({ ...settings, ...change }))).toEqual([expect.stringContaining(message)]);
  });

  test('indexes that do not fit into shared_buffers, and those that do not fit into memory at all', () => {
    const large = [index('embeddings_hnsw_1', 60 * megabyte), index('chunks_terms', 41 * megabyte)];
    expect(bad(checkMemory({ ...memory, indexes: large }))[0]).toContain('more than shared_buffers (100 MB)');
    const larger = [...large, index('embeddings_exact', 100 * megabyte)];
    expect(bad(checkMemory({ ...memory, indexes: larger }))[0]).toContain('more than effective_cache_size (200 MB)');
    expect(bad(checkMemory({ ...memory, indexes: [index('documents_pkey', 900 * megabyte)] }))).toEqual([]);
  });

  test('gigabytes of indexes in small pages of memory', () => {
    const indexes = [index('embeddings_exact', 1_025 * megabyte)];
    const large = { sharedBuffersBytes: 2_000 * megabyte, effectiveCacheBytes: 4_000 * megabyte, indexes };
    expect(bad(checkMemory({ ...large, lacksHugePages: true }))).toEqual([expect.stringContaining('pages of 4 kB')]);
    expect(bad(checkMemory({ ...large, lacksHugePages: false }))).toEqual([]);
    expect(bad(checkMemory({ ...large, lacksHugePages: null }))).toEqual([]);
  });

  test('a graph that was never measured, and a curve of another tier or size', () => {
    const measured = { tier: 'hnsw', chunks: 20_000 } as const;
    const tenant = { tenantId: 'acme', tier: 'hnsw', chunks: 20_000 } as const;
    expect(bad(checkRecall([tenant]))[0]).toContain(
      '1 tenant with a graph and without a curve: recall was never measured: acme',
    );
    expect(bad(checkRecall([{ ...tenant, measured }]))).toEqual([]);
    expect(bad(checkRecall([{ ...tenant, chunks: 40_000, measured }]))).toEqual([]);
    for (const change of [{ chunks: 40_001 }, { chunks: 9_999 }, { tier: 'exact' as const }])
      expect(bad(checkRecall([{ ...tenant, measured, ...change }]))[0]).toContain('the curve is not used: acme');
  });

  test('jobs that wait for long, or fail again and again', () => {
    expect(bad(checkJobs({ waiting: 2, oldestSeconds: 600, failing: 0, dead: 0 }))[0]).toMatch(
      /^warning: 2 chunks wait/,
    );
    expect(bad(checkJobs({ waiting: 2, oldestSeconds: 3_600, failing: 0, dead: 0 }))[0]).toMatch(
      /^fault: .*60 minutes/,
    );
    expect(bad(checkJobs({ waiting: 2, oldestSeconds: 1, failing: 1, dead: 0 }))[0]).toMatch(
      /^warning: 1 chunk failed/,
    );
  });

  test('of chunks that wait for a model beside the active one, what stands still, fails or was refused, as warnings', () => {
    const beside = { waiting: 5_000, oldestSeconds: 3_599, failing: 0, dead: 0 };
    const filling = checkJobs(undefined, beside);
    expect(filling).toEqual([
      {
        ...{ check: 'jobs', level: 'ok' },
        found: 'nothing waits for its vector; 5,000 chunks wait for a model beside the active one',
      },
    ]);
    expect(bad(checkJobs(beside))[0]).toMatch(/^warning: 5,000 chunks wait for their vectors, the oldest/);
    expect(bad(checkJobs(undefined, { ...beside, oldestSeconds: 3_600, failing: 1, dead: 2 }))).toEqual([
      'warning: 5,000 chunks wait for their vectors of a model beside the active one, the oldest for 60 minutes',
      'warning: 1 chunk failed 5 times or more for a model beside the active one',
      'warning: the embedding service refused 2 chunks for good for a model beside the active one',
    ]);
  });

  test('a plan that reads a table from end to end is a fault, any other deviation and a failure are warnings', () => {
    const deviation = { table: 'chunks', found: 'chunks is read from end to end' };
    const planned = [
      { strategy: 'keyword' as const, deviations: [{ ...deviation, kind: 'seq-scan' as const }] },
      { strategy: 'keyword' as const, deviations: [{ ...deviation, kind: 'estimate' as const }] },
      { strategy: 'passages' as const, deviations: [], failure: 'too long' },
    ];
    expect(bad(checkPlans('a', planned))).toEqual([
      'fault: a, keyword: chunks is read from end to end',
      'warning: a, keyword: chunks is read from end to end',
      'warning: a, passages: not planned, too long',
    ]);
  });

  test('chunks that nothing will embed', () => {
    expect(bad(checkStranded('a', 2))).toEqual(['fault: a: 2 chunks have no vector and no job']);
  });
});

describe('embedder', () => {
  const answered = { model: 'bge-m3', dimensions: 1024, matryoshka: true, durationMs: 41.7, tokens: 7 };

  test('that gives a vector is fine', () => {
    expect(checkEmbedder(answered)).toEqual([
      {
        check: 'embedder',
        level: 'ok',
        found: 'bge-m3 (1024 dimensions) embedded a text in 42 ms and counted 7 tokens',
      },
    ]);
    expect(bad(checkEmbedder({ ...answered, matryoshka: undefined, tokens: undefined }))).toEqual([]);
  });

  test('that gives none is a fault, and one that was not trained for shorter vectors a warning', () => {
    expect(bad(checkEmbedder({ ...answered, failure: 'The API key is wrong.' }))).toEqual([
      'fault: bge-m3 (1024 dimensions) gave no vector: The API key is wrong',
    ]);
    expect(bad(checkEmbedder({ ...answered, matryoshka: false }))).toEqual([
      expect.stringMatching(/^warning: .* in 42 ms .*; it was not trained for shorter vectors/),
    ]);
  });
});

describe('models', () => {
  const old = { name: 'old', dimensions: 512, inUse: true };
  const next = { name: 'next', dimensions: 1024, inUse: true };
  const configured = [
    { model: 'old', dimensions: 512 },
    { model: 'next', dimensions: 1024 },
  ];

  test('that tenants have and that are configured are fine', () => {
    expect(checkModels([old, next], configured)).toEqual([
      { check: 'models', level: 'ok', found: 'old and next of tenants: configured here' },
    ]);
    expect(bad(checkModels([], configured))).toEqual([]);
    expect(bad(checkModels([old, { ...next, inUse: false }], configured.slice(0, 1)))).toEqual([]);
  });

  test('that tenants have and that are not configured are a fault', () => {
    expect(bad(checkModels([old, next], configured.slice(0, 1)))).toEqual([
      'fault: next (1024 dimensions) is the model of some tenants, and not configured here',
    ]);
    expect(bad(checkModels([old], [{ model: 'old', dimensions: 256 }]))).toHaveLength(1);
  });

  test('that every tenant has left are a warning, as a new tenant would get them', () => {
    expect(bad(checkModels([{ ...old, inUse: false }, next], configured))).toEqual([
      'warning: every tenant has next of NEXT_EMBEDDER, and a new one would get old',
    ]);
    expect(bad(checkModels([{ ...old, inUse: false }, next], configured.toReversed()))).toEqual([]);
  });

  test('are not known where an embedder could not be opened', () => {
    expect(levels(checkModels([old], [{ model: 'static', dimensions: 0 }]))).toEqual(['skipped']);
  });
});

describe('checkDrift', () => {
  const inStep = { tenant: 'alpha', drifts: [] };
  const others = { looked: 0, unknown: 0, oldestSeconds: null, drifted: 0, worst: [] };
  const found = (...args: Parameters<typeof checkDrift>) =>
    checkDrift(...args).map(({ level, found }) => `${level}: ${found}`);

  test('tells what is in step, now and at the last look at the others', () => {
    expect(found([inStep])).toEqual(['ok: documents, chunks and vectors of alpha are in step']);
    expect(found([inStep], { ...others, looked: 1_110, oldestSeconds: 6 * 3_600 })).toEqual([
      'ok: documents, chunks and vectors of alpha are in step, and those of 1,110 other tenants were at the last look, 6 hours ago or later',
    ]);
    expect(found([], others)).toEqual([]);
  });

  test('names what is out of step, now or then, and counts the rest', () => {
    const drifts = [
      { kind: 'missing', count: 2 },
      { kind: 'missing', count: 1 },
      { kind: 'outdated', count: 1 },
    ];
    const worst = [{ tenantId: 'beta', found: { stray: 4 }, agoSeconds: 90 }];
    expect(found([{ tenant: 'alpha', drifts }], { ...others, looked: 9, oldestSeconds: 1, drifted: 3, worst })).toEqual(
      [
        'fault: alpha: documents, chunks and vectors are out of step: 3 missing, 1 outdated',
        'fault: beta: documents, chunks and vectors were out of step at the last look, 2 minutes ago: 4 stray',
        'fault: 2 tenants more were out of step at the last look, too',
      ],
    );
  });

  test('says which were not looked at, or not for a day', () => {
    expect(found([{ tenant: 'alpha', drifts: undefined }], { ...others, unknown: 2 })).toEqual([
      'skipped: alpha is too large to be looked through here: "tessera reconcile --tenant alpha" does',
      'skipped: 2 other tenants were never looked at: a worker with DRIFT_CHECK_MINUTES above 0 does, and so does "tessera reconcile"',
    ]);
    expect(found([inStep], { ...others, looked: 3, oldestSeconds: 25 * 3_600 })).toEqual([
      'warning: some tenants were looked at 25 hours ago, and not since',
    ]);
  });
});
