import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Principal } from '../../src/auth/principal.ts';
import { defaultChunking } from '../../src/chunking.ts';
import { type Database, transact } from '../../src/db/database.ts';
import { openPool } from '../../src/db/open-pool.ts';
import { workerScope, writerScope } from '../../src/db/scope.ts';
import { parseTenantId } from '../../src/ids.ts';
import { chunkDocument } from '../../src/ingest/chunk-document.ts';
import { undeclared } from '../../src/ingest/collection-settings.ts';
import { defineCollection } from '../../src/ingest/define-collection.ts';
import { type DocumentInput, failAtOnce } from '../../src/ingest/document-input.ts';
import { type LoadedDocument, loadDocuments, type PreparedLoad, prepareLoad } from '../../src/ingest/load-documents.ts';
import { adoptVectors } from '../../src/worker/adopt-vectors.ts';
import { copyEmbeddings } from '../../src/worker/copy-embeddings.ts';
import { describeServer } from '../support/database.ts';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';
import { principalOf } from '../support/principal.ts';
import { statement } from '../support/statement.ts';

describeServer('a bulk load', () => {
  let gateway: TestGateway;
  let documents: Database;
  let vectors: Database;
  beforeAll(async () => {
    gateway = await openTestGateway();
    const open = (url: string) =>
      openPool({ url, size: 1, statementTimeoutMs: 20_000, pipeline: false, onIdleError: () => {} });
    documents = await open(gateway.db.urls.gateway);
    vectors = await open(gateway.db.urls.worker);
  });
  afterAll(async () => {
    await documents?.close();
    await vectors?.close();
    await gateway.close();
  });

  const prepare = (loaded: readonly LoadedDocument[]) => prepareLoad(gateway.deps, loaded, new Map());
  const load = (principal: Principal, prepared: PreparedLoad) =>
    loadDocuments({ ...gateway.deps, database: documents }, principal, { prepared, jobId: null, onFault: failAtOnce });
  const loadAs = async (tenant: string, loaded: readonly LoadedDocument[]) =>
    load(principalOf(tenant), await prepare(loaded));

  async function loadWhole(tenant: string, inputs: readonly DocumentInput[], withVectors: boolean): Promise<void> {
    const embedder = gateway.workerDeps.embedder;
    const loaded = await Promise.all(
      inputs.map(async (input): Promise<LoadedDocument> => {
        if (!withVectors) return { input };
        const chunks = chunkDocument(
          { ...input, url: input.url ?? null, externalId: input.externalId ?? null },
          undeclared.chunking,
          gateway.deps.chunking,
        );
        const texts = chunks.map(({ context, text }) => `${context}\n${text}`);
        return { input, vectors: (await embedder.embed(texts, { purpose: 'document' })) as Float32Array[] };
      }),
    );
    const result = await loadAs(tenant, loaded);
    await adoptVectors(vectors, gateway.deps.modelId, parseTenantId(tenant), result.vectors, copyEmbeddings);
  }

  /** Everything of a tenant but its ids and times. */
  async function contentsOf(tenant: string): Promise<unknown[]> {
    const { rows } = await gateway.db.owner.query(
      `select d.collection, d.external_id, d.title, d.body, d.url, d.metadata, d.status, d.language, d.content_hash,
         d.version, d.expires_at, a.users, a.groups, c.ordinal, c.context, c.text, c.start_offset, c.end_offset,
         c.language as chunk_language, c.content_hash as chunk_hash, c.tsv::text, c.terms::text,
         (c.audience = d.audience) as chunk_audience, e.coarse::text, e.full_vector::text, e.stand_in,
         (e.audience = d.audience) as vector_audience, (select count(*)::int from tessera.embedding_jobs j
           where j.tenant_id = $1 and j.chunk_id = c.id) as jobs
       from tessera.documents d
         left join tessera.chunks c on c.tenant_id = $1 and c.document_id = d.id
         left join tessera.embeddings e on e.tenant_id = $1 and e.chunk_id = c.id
         left join tessera.audiences a on a.tenant_id = $1 and a.id = d.audience
       where d.tenant_id = $1 order by d.collection, d.external_id, c.ordinal`,
      [tenant],
    );
    return rows;
  }

  const word = fc.constantFrom(
    'lake',
    'balloon',
    'Zürich',
    '雪',
    '🎈',
    'rose',
    'over',
    "it's",
    '"quoted"',
    '\\n',
    'tab\there',
  );
  const text = (most: number) => fc.array(word, { minLength: 1, maxLength: most }).map((words) => words.join(' '));
  const body = fc.array(
    fc.oneof(
      text(120),
      text(8).map((title) => `# ${title}`),
    ),
    { minLength: 1, maxLength: 6 },
  );
  const input: fc.Arbitrary<DocumentInput> = fc.record(
    {
      collection: fc.constantFrom('notes', 'posts'),
      title: text(6),
      body: body.map((parts) => `The lake and the balloon.\n\n${parts.join('\n\n')}`),
      url: fc.constant('https://example.org/a?b=c'),
      metadata: fc.dictionary(
        word,
        fc.jsonValue({ maxDepth: 1 }).filter((value) => !Object.is(value, -0)),
        { maxKeys: 3 },
      ),
      status: fc.constantFrom('draft', 'published'),
      language: fc.constantFrom('english' as const, 'german' as const),
      acl: fc.constantFrom({ users: ['ann'], groups: [] }, { users: [], groups: ['staff', 'ops'] }),
      expiresAt: fc.constantFrom(new Date('2099-01-31T12:00:00.123Z')),
    },
    { requiredKeys: ['collection', 'title', 'body'] },
  );

  test('leaves what upserts and a worker leave: documents, chunks, words, ranges, hashes, access lists and vectors', async () => {
    let run = 0;
    const inputs = fc.array(input, { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(inputs, inputs, fc.boolean(), async (first, second, withVectors) => {
        run += 1;
        const [loaded, upserted] = [`loaded-${run}`, `upserted-${run}`];
        // The second write changes some of the first and leaves some alone.
        const keyed = (all: readonly DocumentInput[]) => all.map((one, i) => ({ ...one, externalId: `d${i}` }));
        const writes = [keyed(first), keyed([...second, ...first.slice(second.length)])];
        for (const write of writes) {
          await loadWhole(loaded, write, withVectors);
          await gateway.upsert(upserted, write);
          if (!withVectors) continue;
          const { rows } = await gateway.db.owner.query(
            'select count(*)::int as waiting from tessera.embedding_jobs where tenant_id = $1',
            [loaded],
          );
          expect(rows).toEqual([{ waiting: 0 }]);
        }
        await gateway.embedAll();
        expect(await contentsOf(loaded)).toEqual(await contentsOf(upserted));
      }),
      { numRuns: 25 },
    );
  }, 120_000);

  test('is found by meaning through the vectors that came along', async () => {
    const written = [
      { externalId: 'a', collection: 'c', title: 'Sauna', body: 'The sauna is open until ten in the evening.' },
      { externalId: 'b', collection: 'c', title: 'Lift', body: 'The lift goes to the roof of the house.' },
    ];
    await loadWhole('found', written, true);
    const token = await gateway.tokenFor('found');
    const { data } = await gateway.graphql<{ search: { edges: { node: { externalId: string } }[] } }>(
      token,
      '{ search(input: { text: "hot steam bath", mode: SEMANTIC }, first: 1) { ... on SearchConnection { edges { node { externalId } } } } }',
    );
    expect(data?.search.edges[0]?.node.externalId).toBe('a');
  });

  test('leases the jobs of chunks that bring vectors, so that no worker embeds them, and leaves them when it dies', async () => {
    const loaded = { input: { externalId: 'x', collection: 'c', title: 'T', body: 'A lake.' }, vectors: [unit()] };
    const { vectors: known } = await loadAs('leased', [loaded]);
    expect(await gateway.embedAll()).toBe(0);
    await gateway.db.owner.query(
      `update tessera.embedding_jobs set available_at = available_at - interval '2 minutes' where tenant_id = 'leased'`,
    );
    expect(await gateway.embedAll()).toBe(1);
    // Whoever comes later finds nothing due.
    const tenantId = parseTenantId('leased');
    expect(await adoptVectors(vectors, gateway.deps.modelId, tenantId, known, copyEmbeddings)).toBe(0);
  });

  test('a load that is repeated brings the vectors that were not written', async () => {
    const loaded = { input: { externalId: 'x', collection: 'c', title: 'T', body: 'A lake.' }, vectors: [unit()] };
    await loadAs('repeated', [loaded]);
    const again = await loadAs('repeated', [loaded]);
    expect(again.outcomes).toMatchObject([{ status: 'UNCHANGED' }]);
    const tenantId = parseTenantId('repeated');
    const adopt = () => adoptVectors(vectors, gateway.deps.modelId, tenantId, again.vectors, copyEmbeddings);
    expect([await adopt(), await adopt()]).toEqual([1, 0]);
  });

  test('another number of vectors than of chunks is refused, and nothing is stored', async () => {
    const loaded = {
      input: { externalId: 'x', collection: 'c', title: 'T', body: 'A lake.' },
      vectors: [unit(), unit()],
    };
    await expect(loadAs('counted', [loaded])).rejects.toThrow(
      'it is divided into 1 chunks and comes with 2 vectors; one for each chunk, in order, is allowed.',
    );
    expect(await contentsOf('counted')).toEqual([]);
  });

  test('what was divided ahead is divided again where its collection says something else by then', async () => {
    const body = Array.from({ length: 30 }, (_, i) => `The lake lies ${i} metres below the village here.`).join(' ');
    const input = { externalId: 'x', collection: 'c', title: 'T', body };
    const ahead = await prepare([{ input, vectors: [unit(), unit()] }]);
    const chunking = { ...defaultChunking, maxTokens: 1_000 };
    const definition = { name: 'c', language: 'english', attributes: [], chunking } as const;
    await defineCollection({ database: gateway.deps.database }, principalOf('redefined'), definition);
    await expect(load(principalOf('redefined'), ahead)).rejects.toThrow(
      'it is divided into 1 chunks and comes with 2 vectors',
    );
    const { settings } = await loadAs('redefined', [{ input, vectors: [unit()] }]);
    expect(settings.get('c')?.chunking.maxTokens).toBe(1_000);
    await expect(loadAs('usual', [{ input, vectors: [unit(), unit()] }])).resolves.toMatchObject({ outcomes: [{}] });
  });

  test('a principal that may not write cannot load', async () => {
    const reader: Principal = { ...principalOf('reader'), scopes: ['documents:read'] };
    const one = { externalId: 'x', collection: 'c', title: 'T', body: 'A lake.' };
    const written = load(reader, await prepare([{ input: one }]));
    await expect(written).rejects.toMatchObject({ code: '42501' });
    expect(await contentsOf('reader')).toEqual([]);
  });

  // What the whole way through temporary tables is for.
  test.each([
    ['documents', 'tessera.documents (tenant_id, id)', writerScope(principalOf('copied'))],
    ['chunks', 'tessera.chunks (tenant_id, id)', writerScope(principalOf('copied'))],
    ['vectors', 'tessera.embeddings (tenant_id, chunk_id)', workerScope(parseTenantId('copied'))],
  ])(
    'PostgreSQL refuses to copy into the table of %s, which has policies, and takes the same rows beside it',
    async (_, target, scope) => {
      const row = [Buffer.from('copied'), Buffer.alloc(16)];
      const database = scope.role === 'tessera_worker' ? vectors : documents;
      await expect(transact(database, scope, (_execute, copy) => copy(target, [row]))).rejects.toMatchObject({
        code: '0A000',
        message: 'COPY FROM not supported with row-level security',
      });
      const beside = transact(database, scope, async (execute, copy) => {
        await execute(statement('create temporary table beside (tenant_id text, id uuid) on commit drop'));
        await copy('pg_temp.beside (tenant_id, id)', [row]);
        return execute(statement('select tenant_id from pg_temp.beside'));
      });
      expect(await beside).toEqual([{ tenant_id: 'copied' }]);
    },
  );

  test('one audit row and one job tell of each part', async () => {
    const loaded = { input: { externalId: 'x', collection: 'c', title: 'T', body: 'A lake.' } };
    const { jobId } = await loadAs('told', [loaded]);
    const { rows } = await gateway.db.owner.query(
      `select action, subject, target_count, (select total from tessera.jobs where id = $1) as total
       from tessera.audit_log where tenant_id = 'told'`,
      [jobId],
    );
    expect(rows).toMatchObject([{ action: 'upsertDocuments', target_count: 1, total: 1 }]);
  });
});

function unit(): Float32Array {
  const vector = new Float32Array(512);
  vector[0] = 1;
  return vector;
}
