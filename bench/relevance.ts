/**
 * How good the ranking is: nDCG@10 and recall@100 of each mode on public retrieval sets, through the whole gateway, with
 * the built-in embedder, and of a textbook BM25 over the same lexemes beside it. `by index` is KEYWORD as large tenants have
 * it, with the budget of chunks to score that searches have, of which single words get a quarter; `half` is the same with
 * half of the chunks at most. What must hold is computed, and the command fails where it does not.
 *
 *   npm run bench -- relevance [--data DIR]
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CompiledQuery } from 'kysely';
import type { Principal } from '../src/auth/principal.ts';
import { type Application, openApplication } from '../src/cli/application.ts';
import { everyScope, issueToken } from '../src/cli/tokens.ts';
import { loadConfig } from '../src/config/load-config.ts';
import { readAsTenant } from '../src/db/tenant.ts';
import { parseTenantId } from '../src/ids.ts';
import { upsertDocuments } from '../src/ingest/upsert-documents.ts';
import { createLogger } from '../src/log.ts';
import { parseKeywordQuery } from '../src/search/keyword-query.ts';
import { rowBudget } from '../src/search/prepare-search.ts';
import { searchStatement } from '../src/search/search-statement.ts';
import { drain } from '../src/worker/worker.ts';
import { ndcgAt10, type RetrievalSet, readRetrievalSet, recallAt100 } from './relevance-data.ts';
import { type Quality, relevanceMeasures, type SetSize } from './relevance-measures.ts';
import { printMeasures, readServer, saveResults } from './results.ts';
import { createTextbookBm25 } from './textbook-bm25.ts';

const modes = ['KEYWORD', 'SEMANTIC', 'HYBRID'] as const;
const query = `query($input: SearchInput!) { search(input: $input, first: 100) {
  ... on SearchConnection { edges { node { externalId } } } ... on Error { code message } } }`;

/** Chunks that the gateway has its keyword half pass on for a page of a hundred. */
const pageCandidates = 370;

/** Ranks a question's documents, best first, by external id. */
type Rank = (question: string) => Promise<string[]>;

/** @returns false when a condition does not hold. */
export async function benchRelevance(dataFolder: string, sets: readonly string[]): Promise<boolean> {
  const dataDir = await mkdtemp(join(tmpdir(), 'tessera-bench-'));
  const config = loadConfig({ DATA_DIR: dataDir, PORT: '0' });
  const app = await openApplication(config, createLogger({ level: 'warn' }));
  try {
    console.log('set                        ranking    nDCG@10  recall@100');
    const qualities: Quality[] = [];
    const sizes: SetSize[] = [];
    for (const name of sets) {
      const { quality, size } = await benchSet(app, readRetrievalSet(dataFolder, name));
      qualities.push(quality);
      sizes.push(size);
    }
    const measures = relevanceMeasures(qualities, sizes);
    console.log();
    printMeasures(measures);
    await saveResults(new URL('results.json', import.meta.url), measures, {
      server: await readServer(app.deps.database.pool),
      scale: {
        chunks: sizes.reduce((sum, { chunks }) => sum + chunks, 0),
        tenants: sizes.length,
        dimensions: app.deps.embedder.model.dimensions,
      },
    });
    return Object.values(measures).every(({ holds }) => holds);
  } finally {
    await app.close();
    await rm(dataDir, { recursive: true });
  }

  async function benchSet(on: Application, set: RetrievalSet): Promise<{ quality: Quality; size: SetSize }> {
    const tenantId = parseTenantId(set.name);
    const principal = { tenantId, subject: 'bench', groups: [], scopes: everyScope };
    for (let start = 0; start < set.documents.length; start += 100) {
      const batch = set.documents.slice(start, start + 100);
      await upsertDocuments(
        on.deps,
        principal,
        batch.map(({ id, title, text }) => ({ externalId: id, collection: 'corpus', title, body: text })),
      );
    }
    if (on.workerDeps) await drain(on.workerDeps);
    const token = await issueToken(config, { tenantId, subject: 'bench', scopes: everyScope, ttlSeconds: 3_600 });
    const chunks = await countChunks(on, principal);
    const quality: Record<string, number> = {};
    for (const mode of modes) quality[mode] = await report(set, mode, (text) => search(on, token, { text, mode }));
    quality['by index'] = await report(set, 'by index', indexRank(on, principal, rowBudget));
    await report(set, 'half', indexRank(on, principal, Math.round(chunks / 2)));
    const scored = await shareScored(on, principal, set);
    quality.textbook = await report(set, 'textbook', await textbookRank(on, principal, set));
    return { quality, size: { chunks, scored } };
  }
}

async function search(app: Application, token: string, input: object): Promise<string[]> {
  const response = await app.gateway.fetch('http://gateway/graphql', {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ query, variables: { input } }),
  });
  const answer = (await response.json()) as { data?: { search?: { edges?: { node: { externalId: string } }[] } } };
  const edges = answer.data?.search?.edges;
  if (!edges) throw new Error(`The search failed: ${JSON.stringify(answer).slice(0, 500)}`);
  return edges.map(({ node }) => node.externalId);
}

async function countChunks({ deps }: Application, principal: Principal): Promise<number> {
  const [size] = await readAsTenant(deps.database, principal, {
    compile: () =>
      CompiledQuery.raw('select count(*)::int as chunks from chunks where tenant_id = $1', [
        principal.tenantId,
      ]) as CompiledQuery<{ chunks: number }>,
  });
  return size?.chunks ?? 0;
}

/** How much of what has a word of a question is scored by index, on the mean. */
async function shareScored({ deps }: Application, principal: Principal, { questions }: RetrievalSet): Promise<number> {
  const [row] = await readAsTenant(deps.database, principal, {
    compile: () =>
      CompiledQuery.raw(
        `select avg(scored.n::float8 / nullif(wanted.n, 0)) as share
         from unnest($2::text[]) as question (text)
         cross join lateral query_words(text, '{english}', $3::int, 100) q
         cross join lateral (
           select count(*) as n from chunks
           where tenant_id = $1 and case when q.rarest is null then (terms <#> q.terms) < 0 else tsv @@ q.rarest end) scored
         cross join lateral (
           select count(*) as n from chunks where tenant_id = $1 and (terms <#> q.terms) < 0) wanted`,
        [principal.tenantId, questions.slice(0, 50).map(({ text }) => text), rowBudget],
      ) as CompiledQuery<{ share: number }>,
  });
  return row?.share ?? Number.NaN;
}

/** The statement of a large tenant. The sets are far too small for a word index, whose chunks are found the same without. */
function indexRank(app: Application, principal: Principal, mostRows: number): Rank {
  const { database, modelId, embedder } = app.deps;
  const { keyword: keywordWeight, semantic: semanticWeight } = embedder.fusionWeights;
  return async (text) => {
    const rows = await readAsTenant(
      database,
      principal,
      searchStatement(principal.tenantId, {
        modelId,
        keyword: {
          ...parseKeywordQuery(text),
          candidates: pageCandidates,
          scan: { kind: 'rarest', languages: ['english'], rowBudget: mostRows },
        },
        fusion: { method: 'RECIPROCAL_RANK', keywordWeight, semanticWeight, rankConstant: 60 },
        selection: { filter: {}, exceptChunks: [] },
        groupBy: 'DOCUMENT',
        withVectors: false,
        seen: [],
        limit: 100,
      }),
    );
    return rows.map(({ externalId }) => externalId ?? '');
  };
}

async function textbookRank(app: Application, principal: Principal, set: RetrievalSet): Promise<Rank> {
  const read = <Row>(text: string, values: unknown[]) =>
    readAsTenant<Row>(app.deps.database, principal, {
      compile: () => CompiledQuery.raw(text, values) as CompiledQuery<Row>,
    });
  const counts = `(select json_object_agg(lexeme, coalesce(cardinality(positions), 1)) from unnest(tsv))`;
  const chunks = await read<{ documentId: string; lexemes: Record<string, number> | null }>(
    `select d.external_id as "documentId", ${counts} as lexemes from chunks c join documents d on d.tenant_id = c.tenant_id and d.id = c.document_id
     where c.tenant_id = $1`,
    [principal.tenantId],
  );
  const rank = createTextbookBm25(
    chunks.map(({ documentId, lexemes }) => ({ documentId, lexemes: new Map(Object.entries(lexemes ?? {})) })),
  );
  const questions = await read<{ text: string; lexemes: string[] }>(
    "select text, tsvector_to_array(lexemes('english', text)) as lexemes from unnest($1::text[]) as q (text)",
    [set.questions.map(({ text }) => text)],
  );
  const lexemes = new Map(questions.map((question) => [question.text, question.lexemes]));
  return async (text) => rank(lexemes.get(text) ?? []);
}

async function report(set: RetrievalSet, name: string, rank: Rank): Promise<number> {
  let ndcg = 0;
  let recall = 0;
  for (const { id, text } of set.questions) {
    const judged = set.judgements.get(id) ?? new Map();
    const ranked = await rank(text);
    ndcg += ndcgAt10(ranked, judged) / set.questions.length;
    recall += recallAt100(ranked, judged) / set.questions.length;
  }
  console.log(`${set.name.padEnd(26)} ${name.padEnd(9)}  ${ndcg.toFixed(4)}   ${recall.toFixed(4)}`);
  return ndcg;
}
