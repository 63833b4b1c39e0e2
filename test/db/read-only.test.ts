import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readInFlight } from '../../src/db/database.ts';
import { type ScopeRole, tenantScope } from '../../src/db/scope.ts';
import { readAsTenant, writeAsTenant } from '../../src/db/tenant.ts';
import { readBodies } from '../../src/documents/read-documents.ts';
import type { DocumentId } from '../../src/ids.ts';
import { deleteDocuments } from '../../src/ingest/delete-documents.ts';
import type { DocumentInput } from '../../src/ingest/document-input.ts';
import { upsertDocuments } from '../../src/ingest/upsert-documents.ts';
import { search } from '../../src/search/search.ts';
import { vectorOperands } from '../../src/search/search-plan.ts';
import { searchStatement } from '../../src/search/search-statement.ts';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';
import { principalOf } from '../support/principal.ts';
import { statement } from '../support/statement.ts';
import { countRows } from '../support/stored-rows.ts';

const writer = principalOf('alpha');
const reader = principalOf('alpha', { scopes: ['search', 'documents:read'] });
const lamp: DocumentInput = { collection: 'notes', externalId: 'lamp', title: 'The lamp', body: 'It is broken.' };

let gateway: TestGateway;
let documentId: DocumentId;

beforeAll(async () => {
  gateway = await openTestGateway();
  documentId = (await upsertDocuments(gateway.deps, writer, [lamp]))[0]!.id;
  await gateway.embedAll();
});
afterAll(() => gateway.close());

const denied = { code: '42501' };

describe('a principal that may only read, past the schema and straight at the features', () => {
  const scopes = [[], ['search'], ['documents:read'], ['search', 'documents:read', 'tenant:admin', 'operator']];

  test.each(scopes.map((held) => [held]))('writes nothing with %j: PostgreSQL refuses', async (held) => {
    const before = await countRows(gateway.db.owner);
    const who = principalOf('alpha', { scopes: held });
    await expect(upsertDocuments(gateway.deps, who, [{ ...lamp, body: 'Changed.' }])).rejects.toMatchObject(denied);
    await expect(upsertDocuments(gateway.deps, who, [{ ...lamp, externalId: 'new' }])).rejects.toMatchObject(denied);
    await expect(deleteDocuments(gateway.deps, who, [documentId])).rejects.toMatchObject(denied);
    expect(await countRows(gateway.db.owner)).toEqual(before);
  });

  test('registers no tenant by trying', async () => {
    const nobody = principalOf('gamma', { scopes: ['documents:read'] });
    await expect(upsertDocuments(gateway.deps, nobody, [lamp])).rejects.toMatchObject(denied);
    expect((await gateway.db.owner.query(`select id from tenants where id = 'gamma'`)).rows).toEqual([]);
  });

  test('writes nothing in a transaction that is made for writing', async () => {
    for (const text of [
      `update documents set title = 'changed' where tenant_id = 'alpha'`,
      `delete from chunks where tenant_id = 'alpha'`,
      `insert into collections (tenant_id, name) values ('alpha', 'more')`,
    ]) {
      const writing = writeAsTenant(gateway.deps.database, reader, (execute) => execute(statement(text)));
      await expect(writing, text).rejects.toMatchObject(denied);
    }
  });

  test('reads and searches what the writer does', async () => {
    for (const who of [reader, writer]) {
      expect(await readBodies(gateway.deps, who, [documentId])).toEqual(new Map([[documentId, 'It is broken.']]));
      const { hits } = await search(gateway.deps, who, { text: 'broken lamp' }, {});
      expect(hits.map((hit) => hit.document.id)).toEqual([documentId]);
    }
  });

  test('the positive control: with documents:write the same writes are done', async () => {
    const changed = { ...lamp, externalId: 'second', body: 'Two.' };
    const [outcome] = await upsertDocuments(gateway.deps, writer, [changed]);
    expect(outcome?.status).toBe('CREATED');
    expect(await deleteDocuments(gateway.deps, writer, [outcome!.id])).toEqual([outcome!.id]);
  });
});

describe('a read', () => {
  test('runs as the role that cannot write, also for a principal that may', async () => {
    const rows = await readAsTenant(gateway.deps.database, writer, statement('select current_user::text as role'));
    expect(rows).toEqual([{ role: 'tessera_reader' }]);
  });

  test('is planned as it is for the role that writes, but for what access lists ask', async () => {
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
      selection: { filter: {}, exceptChunks: [] },
      groupBy: 'DOCUMENT',
      withVectors: false,
      seen: [],
      limit: 11,
    }).compile();
    const explain = async (role: ScopeRole) => {
      const scope = { ...tenantScope(writer), role };
      const [rows] = await readInFlight(gateway.deps.database, scope, [statement(`explain ${sql}`, parameters)]);
      return (rows as { 'QUERY PLAN': string }[])
        .map((row) => row['QUERY PLAN'])
        .filter((line) => / (Scan|Join|Loop|Sort|Limit|Aggregate)/.test(line))
        .map((line) =>
          line
            .replace(/\(cost=.*/, '')
            .replace('Index Only Scan', 'Index Scan')
            .trim(),
        );
    };
    const planned = await explain('tessera_reader');
    expect(planned.length).toBeGreaterThan(10);
    expect(planned).toEqual(await explain('tessera_tenant'));
  });
});
