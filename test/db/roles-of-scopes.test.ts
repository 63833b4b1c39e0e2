import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readInFlight } from '../../src/db/database.ts';
import { readingRoles, type ScopeRole, tenantScope, writerScope } from '../../src/db/scope.ts';
import { readAccessLists } from '../../src/documents/access-lists.ts';
import { listDocuments, readBodies, readDocuments, readPendingChunks } from '../../src/documents/read-documents.ts';
import type { DocumentId } from '../../src/ids.ts';
import { listJobs, readJobs } from '../../src/ingest/read-jobs.ts';
import { upsertDocuments } from '../../src/ingest/upsert-documents.ts';
import { explainMissing } from '../../src/search/explain-missing.ts';
import { search } from '../../src/search/search.ts';
import { vectorOperands } from '../../src/search/search-plan.ts';
import { searchStatement } from '../../src/search/search-statement.ts';
import { readCollections, readTenantFacts } from '../../src/tenants/read-tenant.ts';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';
import { tryInScope } from '../support/in-scope.ts';
import { principalOf } from '../support/principal.ts';
import { statement } from '../support/statement.ts';

const writer = principalOf('alpha');
const withScopes = (...scopes: string[]) => principalOf('alpha', { scopes });
const [searcher, lister, author] = [withScopes('search'), withScopes('documents:read'), withScopes('documents:write')];
const administrator = withScopes('tenant:admin', 'operator');
const everybody = { searcher, lister, author, administrator, writer };

let gateway: TestGateway;
let documentId: DocumentId;

beforeAll(async () => {
  gateway = await openTestGateway();
  const lamp = { collection: 'notes', externalId: 'lamp', title: 'The lamp', body: 'It is broken.' };
  const acl = { users: ['somebody'], groups: [] };
  documentId = (await upsertDocuments(gateway.deps, writer, [{ ...lamp, acl }]))[0]!.id;
  await gateway.embedAll();
});
afterAll(() => gateway.close());

/** Statements that no feature sends, and who of everybody may send them as the role of their reads. */
const statements: readonly (readonly [what: string, sql: string, readBy: readonly (keyof typeof everybody)[]])[] = [
  ['titles', 'select title, metadata from documents', ['searcher', 'lister', 'author', 'writer']],
  ['bodies', 'select body from documents', ['lister', 'writer']],
  ['bodies by a condition', `select id from documents where body like '%broken%'`, ['lister', 'writer']],
  ['the whole row of a document', 'select documents from documents', ['lister', 'writer']],
  ['digests of bodies', 'select content_hash from documents', ['lister', 'writer']],
  ['passages', 'select text from chunks', ['searcher', 'writer']],
  ['words of passages', 'select terms, tsv from chunks', ['searcher', 'writer']],
  ['vectors', 'select full_vector from embeddings', ['searcher', 'writer']],
  ['coarse vectors', 'select coarse from embeddings', ['searcher', 'writer']],
  ['that there are vectors', 'select 1 from embeddings', ['searcher', 'writer']],
  ['how many chunks have a word', 'select chunks from term_stats', ['searcher', 'writer']],
  ['chunks with a word', `select keyword_matches('english', 'broken')`, ['searcher', 'writer']],
  ['languages', 'select tenant_languages()', ['searcher', 'writer']],
  ['collections', 'select name from collections', ['lister', 'writer']],
  ['who sent a write', 'select created_by from jobs', ['lister', 'author', 'writer']],
  ['access lists', 'select users from audiences', ['author', 'writer']],
  [
    'whether the tenant is served',
    'select status from tenants',
    ['searcher', 'lister', 'author', 'administrator', 'writer'],
  ],
];

describe('the role of a principal’s reads', () => {
  test.each(statements)('shows %s to nobody else, whatever is sent', async (_, sql, readBy) => {
    for (const [name, who] of Object.entries(everybody)) {
      const outcome = await tryInScope(gateway.db.database, tenantScope(who), sql);
      const isRead = readBy.includes(name as keyof typeof everybody);
      expect(outcome, name).toMatchObject(isRead ? { rows: expect.anything() } : { code: '42501' });
    }
  });

  test('shows what it shows of this tenant and of what access lists permit', async () => {
    await gateway.upsert('beta', [{ collection: 'notes', externalId: 'x', title: 'Another', body: 'Nothing.' }]);
    for (const who of [searcher, lister, author]) {
      const titles = (subject: string) =>
        tryInScope(gateway.db.database, tenantScope({ ...who, subject }), 'select title from documents');
      expect(await titles('somebody')).toMatchObject({ rows: [{ title: 'The lamp' }] });
      expect(await titles('somebody else')).toMatchObject({ rows: [] });
    }
  });

  test('writes nothing', async () => {
    for (const who of Object.values(everybody)) {
      const write = `update documents set title = 'changed' where tenant_id = 'alpha'`;
      expect(await tryInScope(gateway.db.database, tenantScope(who), write)).toEqual({ code: '42501' });
    }
    const write = await tryInScope(gateway.db.database, writerScope(author), `update documents set status = 'changed'`);
    expect(write).toMatchObject({ count: 1 });
  });
});

const denied = { code: '42501' };

describe('a feature that is called without the schema in front of it', () => {
  const features = {
    search: (who: typeof writer) => search(gateway.deps, who, { text: 'broken lamp' }, {}),
    explainMissing: (who: typeof writer) => explainMissing(gateway.deps, who, documentId, { text: 'broken lamp' }, {}),
    readBodies: (who: typeof writer) => readBodies(gateway.deps, who, [documentId]),
    readDocuments: (who: typeof writer) => readDocuments(gateway.deps, who, [documentId]),
    listDocuments: (who: typeof writer) => listDocuments(gateway.deps, who, {}),
    readAccessLists: (who: typeof writer) => readAccessLists(gateway.deps, who, [documentId]),
    readPendingChunks: (who: typeof writer) => readPendingChunks(gateway.deps, who, [documentId]),
    readJobs: (who: typeof writer) => readJobs(gateway.deps, who, []),
    listJobs: (who: typeof writer) => listJobs(gateway.deps, who, 1),
    readCollections: (who: typeof writer) => readCollections(gateway.deps, who),
    readTenantFacts: (who: typeof writer) => readTenantFacts(gateway.deps, who),
  };
  const open: Readonly<Record<keyof typeof features, readonly (keyof typeof everybody)[]>> = {
    search: ['searcher', 'writer'],
    explainMissing: ['searcher', 'writer'],
    readBodies: ['lister', 'writer'],
    readDocuments: ['lister', 'author', 'writer'],
    listDocuments: ['lister', 'writer'],
    readAccessLists: ['author', 'writer'],
    readPendingChunks: ['searcher', 'lister', 'author', 'writer'],
    readJobs: ['lister', 'author', 'writer'],
    listJobs: ['lister', 'writer'],
    readCollections: ['lister', 'writer'],
    readTenantFacts: ['lister', 'writer'],
  };

  test.each(Object.keys(features) as (keyof typeof features)[])(
    '%s works with its scopes and fails in the database without',
    async (name) => {
      for (const [who, principal] of Object.entries(everybody)) {
        const answer = features[name](principal);
        if (open[name].includes(who as keyof typeof everybody)) await expect(answer, who).resolves.toBeDefined();
        else await expect(answer, who).rejects.toMatchObject(denied);
      }
    },
  );

  test('search by words alone and by meaning alone fails without search, and finds the same with it', async () => {
    for (const mode of ['KEYWORD', 'SEMANTIC', 'HYBRID'] as const) {
      const request = { text: 'broken lamp', mode };
      await expect(search(gateway.deps, lister, request, {}), mode).rejects.toMatchObject(denied);
      for (const who of [searcher, writer]) {
        const { hits } = await search(gateway.deps, who, request, {});
        expect(hits.map((hit) => hit.document.id)).toEqual([documentId]);
      }
    }
  });
});

test('a search is planned for whoever may search as it is for the reader', async () => {
  const [vector] = await gateway.deps.embedder.embed(['lamp'], { purpose: 'query' });
  const { sql, parameters } = searchStatement(writer.tenantId, {
    modelId: gateway.deps.modelId,
    semantic: {
      modelId: gateway.deps.modelId,
      ...vectorOperands(vector!),
      depth: { kind: 'two-stage', candidates: 100 },
    },
    keyword: { words: 'lamp', candidates: 100, scan: { kind: 'exact' } },
    fusion: { method: 'RECIPROCAL_RANK', keywordWeight: 2, semanticWeight: 1, rankConstant: 60 },
    selection: { filter: {}, exceptChunks: [], hasAccessLists: true },
    groupBy: 'DOCUMENT',
    withVectors: false,
    seen: [],
    limit: 11,
  }).compile();
  const explain = async (role: ScopeRole) => {
    const scope = { ...tenantScope(writer), role };
    const [rows] = await readInFlight(gateway.deps.database, scope, [
      statement(`explain (costs off) ${sql}`, parameters),
    ]);
    return rows;
  };
  const planned = await explain('tessera_reader');
  expect(planned.length).toBeGreaterThan(20);
  expect(await explain('tessera_searcher')).toEqual(planned);
  for (const role of readingRoles.filter((one) => one !== 'tessera_reader' && one !== 'tessera_searcher'))
    await expect(explain(role), role).rejects.toMatchObject(denied);
});
