import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Statement } from '../../src/db/database.ts';
import { readAsTenant } from '../../src/db/tenant.ts';
import { documentListStatement } from '../../src/documents/document-statements.ts';
import type { DocumentFilter } from '../../src/filter.ts';
import { parseTenantId } from '../../src/ids.ts';
import { defineCollection } from '../../src/ingest/define-collection.ts';
import { selectedDocuments } from '../../src/search/document-selection.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { principalOf } from '../support/principal.ts';
import { statement } from '../support/statement.ts';

/** A node of `explain (analyze, buffers, format json)`, as far as it is read here. */
interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Shared Hit Blocks': number;
  readonly 'Shared Read Blocks': number;
  readonly Plans?: readonly PlanNode[];
}

const tenant = parseTenantId('large');
const documents = 5_000;

let db: TestDatabase;

/** `n` is different in every document, `bucket` has 50 values, `day` and `on` follow from `n`, and each has two of 20 tags. */
beforeAll(async () => {
  db = await openTestDatabase({ statementTimeoutMs: 120_000 });
  for (const [id, count] of Object.entries({ large: documents, other: documents })) {
    await db.owner.query('insert into tenants (id) values ($1)', [id]);
    await db.owner.query(
      `insert into documents (tenant_id, id, collection, external_id, title, body, metadata, content_hash)
       select $1, gen_random_uuid(), 'c', 'd' || i, 'Title ' || i, 'body', jsonb_build_object(
         'n', i, 'bucket', 'bucket ' || i % 50, 'day', to_char(date '2000-01-01' + i, 'YYYY-MM-DD'), 'on', i % 100 = 0,
         'tags', jsonb_build_array('tag ' || i % 20, 'tag ' || (i * 7 + 1) % 20)), sha256(i::text::bytea)
       from generate_series(1, $2) i`,
      [id, count],
    );
    const { unfitValues } = await defineCollection({ database: db.database }, principalOf(id), {
      name: 'c',
      language: 'english',
      attributes: [
        { name: 'n', type: 'number' },
        { name: 'bucket', type: 'text' },
        { name: 'day', type: 'date' },
        { name: 'on', type: 'boolean' },
        { name: 'tags', type: 'text_list' },
      ],
    });
    expect(unfitValues).toBe(0);
  }
  for (const table of ['documents', 'document_attributes']) await db.owner.query(`vacuum analyze ${table}`);
});
afterAll(() => db.close());

/** Runs a statement as the gateway does, under row-level security, and tells how. */
async function explain(query: Statement<unknown>): Promise<{ nodes: PlanNode[]; blocks: number; ms: number }> {
  const { sql, parameters } = query.compile();
  const explained = statement<{ 'QUERY PLAN': [{ Plan: PlanNode; 'Execution Time': number }] }>(
    `explain (analyze, buffers, format json) ${sql}`,
    parameters,
  );
  const [row] = await readAsTenant(db.database, principalOf(tenant), explained);
  const { Plan: plan, 'Execution Time': ms } = row!['QUERY PLAN'][0];
  return { nodes: flatten(plan), blocks: plan['Shared Hit Blocks'] + plan['Shared Read Blocks'], ms };
}

function flatten(node: PlanNode): PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(flatten)];
}

const selected = (filter: DocumentFilter) => selectedDocuments(tenant, { filter, exceptChunks: [] });
const listed = (filter: DocumentFilter) => documentListStatement(tenant, { filter, limit: documents });

const selective: [index: string, filter: DocumentFilter, metadata: DocumentFilter, passes: number][] = [
  [
    'document_attributes_number',
    { attributes: [{ name: 'n', number: { gt: 100, lte: 120 } }] },
    { metadata: [{ key: 'n', number: { gt: 100, lte: 120 } }] },
    20,
  ],
  [
    'document_attributes_text',
    { attributes: [{ name: 'bucket', text: { eq: 'bucket 7' } }] },
    { metadata: [{ key: 'bucket', text: { eq: 'bucket 7' } }] },
    documents / 50,
  ],
  [
    'document_attributes_text',
    { attributes: [{ name: 'bucket', text: { startsWith: 'bucket 49' } }] },
    { metadata: [{ key: 'bucket', text: { startsWith: 'bucket 49' } }] },
    documents / 50,
  ],
  [
    'document_attributes_boolean',
    { attributes: [{ name: 'on', boolean: { eq: true } }] },
    { metadata: [{ key: 'on', boolean: { eq: true } }] },
    documents / 100,
  ],
  [
    'document_attributes_date',
    { attributes: [{ name: 'day', date: { gte: new Date('2001-01-01'), lt: new Date('2001-02-01') } }] },
    { metadata: [{ key: 'day', text: { startsWith: '2001-01' } }] },
    31,
  ],
];

describe('a selective filter on a declared attribute, as the gateway under row-level security', () => {
  it.each(selective)('is served by %s and reads what passes: %j', async (index, filter, metadata, passes) => {
    for (const build of [selected, listed]) {
      const [declared, plain] = [await explain(build(filter)), await explain(build(metadata))];
      const scan = declared.nodes.find((node) => node['Index Name'] === index);
      expect(scan, JSON.stringify(declared.nodes, null, 1)).toMatchObject({ 'Actual Rows': passes });
      expect(declared.nodes[0]!['Actual Rows']).toBe(passes);
      expect(plain.nodes[0]!['Actual Rows']).toBe(passes);
      expect(declared.nodes.filter((node) => node['Node Type'] === 'Seq Scan')).toEqual([]);
    }
  });
});
