import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createRandom } from '../../bench/random.ts';
import { ndcgAt10 } from '../../bench/relevance-data.ts';
import { createTextbookBm25 } from '../../bench/textbook-bm25.ts';
import { readAsTenant } from '../../src/db/tenant.ts';
import { parseTenantId } from '../../src/ids.ts';
import type { KeywordScan } from '../../src/search/search-plan.ts';
import { searchStatement } from '../../src/search/search-statement.ts';
import { refreshTermStats } from '../../src/worker/refresh-term-stats.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { principalOf } from '../support/principal.ts';

const tenantId = parseTenantId('library');
const documents = 2_500;
const topics = 30;
const vocabulary = 4_000;
/** Of some 3,100 chunks. */
const rowBudget = 600;

interface Seeded {
  readonly name: string;
  /** The topic that it is about, if any. */
  readonly topic: number | undefined;
  readonly chunks: readonly string[];
}

/**
 * Texts of 20 to 220 words that occur as often as their rank says. Two in five are about one of the topics, and have some of
 * its six words; all have one of somebody's by chance.
 */
function seedTexts(): Seeded[] {
  const random = createRandom(41);
  const common = () => `word${Math.floor(vocabulary ** random.next())}`;
  const ofTopic = (topic: number) => `topic${topic}x${random.below(6)}`;
  return Array.from({ length: documents }, (_, index) => {
    const topic = index % 5 < 2 ? random.below(topics) : undefined;
    const chunk = () =>
      Array.from({ length: 20 + random.below(200) }, () => {
        if (topic !== undefined && random.next() < 0.015) return ofTopic(topic);
        return random.next() < 0.03 ? ofTopic(random.below(topics)) : common();
      }).join(' ');
    return { name: `d${index}`, topic, chunks: Array.from({ length: index % 4 === 0 ? 2 : 1 }, chunk) };
  });
}

/** Three words of a topic and two that are everywhere. */
const questionOf = (topic: number) =>
  `topic${topic}x${topic % 6} topic${topic}x${(topic + 2) % 6} topic${topic}x${(topic + 5) % 6} word${2 + (topic % 9)} word${20 + topic}`;

describe('keyword search, beside a textbook BM25 over the same lexemes', () => {
  let db: TestDatabase;
  let seeded: Seeded[];
  let textbook: (lexemes: Iterable<string>) => string[];

  beforeAll(async () => {
    db = await openTestDatabase({ statementTimeoutMs: 60_000 });
    seeded = seedTexts();
    await db.owner.query(`insert into tenants (id) values ('library')`);
    await db.owner.query(
      `insert into documents (tenant_id, id, collection, external_id, title, body, content_hash)
       select 'library', md5(name)::uuid, 'c', name, '', '', sha256(name::bytea) from unnest($1::text[]) name`,
      [seeded.map(({ name }) => name)],
    );
    const chunks = seeded.flatMap(({ name, chunks: texts }) => texts.map((text, ordinal) => ({ name, ordinal, text })));
    await db.owner.query(
      `insert into chunks (tenant_id, id, document_id, ordinal, context, text, start_offset, end_offset, language, content_hash)
       select 'library', md5(name || '/' || ordinal)::uuid, md5(name)::uuid, ordinal, '', text, 0, 0, 'english', sha256('c')
       from unnest($1::text[], $2::int[], $3::text[]) as c (name, ordinal, text)`,
      [chunks.map(({ name }) => name), chunks.map(({ ordinal }) => ordinal), chunks.map(({ text }) => text)],
    );
    await refreshTermStats(db.worker, tenantId);
    await db.owner.query(`create index on chunks using gin (tsv) where tenant_id = 'library' and language = 'english'`);
    await db.owner.query('vacuum analyze chunks');
    const { rows } = await db.owner.query<{ documentId: string; lexemes: Record<string, number> }>(
      `select d.external_id as "documentId",
         (select json_object_agg(lexeme, cardinality(positions)) from unnest(c.tsv)) as lexemes
       from chunks c join documents d on d.tenant_id = c.tenant_id and d.id = c.document_id`,
    );
    textbook = createTextbookBm25(
      rows.map(({ documentId, lexemes }) => ({ documentId, lexemes: new Map(Object.entries(lexemes)) })),
    );
  });
  afterAll(() => db.close());

  const byIndex: KeywordScan = { kind: 'rarest', languages: ['english'], rowBudget };

  async function search(words: string, scan: KeywordScan): Promise<string[]> {
    const statement = searchStatement(tenantId, {
      modelId: 1,
      keyword: { words, candidates: 100, scan },
      fusion: { method: 'RECIPROCAL_RANK', keywordWeight: 2, semanticWeight: 1, rankConstant: 60 },
      selection: { filter: {}, exceptChunks: [] },
      groupBy: 'DOCUMENT',
      withVectors: false,
      seen: [],
      limit: 10,
    });
    const rows = await readAsTenant(db.database, principalOf('library'), statement);
    return rows.map(({ externalId }) => externalId ?? '');
  }

  /** nDCG@10, the mean over a question for each topic. */
  async function qualityOf(rank: (question: string) => Promise<string[]> | string[]): Promise<number> {
    let sum = 0;
    for (let topic = 0; topic < topics; topic++) {
      const judged = new Map(seeded.filter((one) => one.topic === topic).map(({ name }) => [name, 1]));
      sum += ndcgAt10(await rank(questionOf(topic)), judged);
    }
    return sum / topics;
  }

  test.each<[string, KeywordScan]>([
    ['every chunk scored', { kind: 'exact' }],
    ['a fifth of the chunks scored, found by index', byIndex],
  ])('is as good to within 0.01 nDCG@10: %s', async (_, scan) => {
    const expected = await qualityOf((question) => textbook(question.split(' ')));
    const quality = await qualityOf((question) => search(question, scan));
    // Neither perfect nor chance: worse weights would show.
    expect(expected).toBeGreaterThan(0.5);
    expect(expected).toBeLessThan(0.9);
    expect(Math.abs(quality - expected)).toBeLessThanOrEqual(0.01);
  });

  test('finds by index less than has the words: the budget binds', async () => {
    for (const topic of [0, 15, 29]) {
      const [row] = await readAsTenant<{ scored: number; any: number }>(db.database, principalOf('library'), {
        compile: () =>
          ({
            sql: `select (select count(*)::int from chunks where tsv @@ rarest) as scored,
                (select count(*)::int from chunks where tsv @@ replace($1, ' ', ' | ')::tsquery) as any
              from query_words($1, '{english}', $2, 100)`,
            parameters: [questionOf(topic), rowBudget],
          }) as never,
      });
      expect(row!.scored).toBeGreaterThan(0);
      expect(row!.scored).toBeLessThan(row!.any / 3);
    }
  });
});
