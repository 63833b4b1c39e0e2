import type { Database } from '../db/database.ts';
import { halfvecParameter, vectorParameter } from '../db/vector-parameter.ts';
import type { Embedder } from '../embed/embedder.ts';
import type { TenantId } from '../ids.ts';
import { coarseVector } from '../vector.ts';
import { type Answer, type Comparison, compareAnswers } from './comparison.ts';
import { twoStageStatement } from './recall-statements.ts';
import { timedRead } from './timed-read.ts';

/** A model of which there is both: its vectors, and what makes them of queries. */
export interface ComparedModel {
  readonly modelId: number;
  readonly embedder: Pick<Embedder, 'embed'>;
}

export interface CompareOptions {
  /** Scores of the first model whose likes of the second are wanted. */
  readonly minScores?: readonly number[];
  readonly signal?: AbortSignal | undefined;
}

const depth = 10;
const candidates = 100;
const efSearch = 100;

/**
 * Asks the same queries of two models of one tenant, one after the other, each by a search of two stages with 100 candidates,
 * under row-level security. The order of the two changes from query to query, so that neither profits from the other's
 * having read the same pages.
 * @param queries texts, none of them empty.
 * @throws {EmbedderError} when a query could not be embedded. {Refusal} `STATEMENT_TIMEOUT`, `DATABASE_UNAVAILABLE`.
 */
export async function compareModels(
  database: Database,
  tenantId: TenantId,
  [one, other]: readonly [ComparedModel, ComparedModel],
  queries: readonly string[],
  { minScores, signal }: CompareOptions = {},
): Promise<Comparison> {
  const askOne = (model: ComparedModel, query: string) => {
    signal?.throwIfAborted();
    return ask(database, tenantId, model, query, signal);
  };
  const pairs: [Answer, Answer][] = [];
  for (const [index, query] of queries.entries()) {
    if (index % 2 === 0) {
      const answer = await askOne(one, query);
      pairs.push([answer, await askOne(other, query)]);
    } else {
      const answer = await askOne(other, query);
      pairs.push([await askOne(one, query), answer]);
    }
  }
  return compareAnswers(pairs, minScores);
}

async function ask(
  database: Database,
  tenantId: TenantId,
  { modelId, embedder }: ComparedModel,
  query: string,
  signal: AbortSignal | undefined,
): Promise<Answer> {
  const startedMs = performance.now();
  const [full] = await embedder.embed([query], { purpose: 'query', signal });
  const embedMs = performance.now() - startedMs;
  if (!full) return { hits: [], embedMs, tookMs: embedMs };
  const vector = { full: vectorParameter(full), coarse: halfvecParameter(coarseVector(full)) };
  const statement = twoStageStatement({ tenantId, modelId }, vector, { stageOne: 'planned', candidates }, depth);
  const { rows, tookMs } = await timedRead(database, tenantId, statement, efSearch);
  // A chunk comes twice where a vector of an older text stands in for it; the nearer one is its score.
  const byChunk = new Map<string, number>();
  for (const { chunkId, distance } of rows) if (!byChunk.has(chunkId)) byChunk.set(chunkId, -distance);
  const hits = [...byChunk].map(([chunkId, score]) => ({ chunkId, score }));
  return { hits, embedMs, tookMs: embedMs + tookMs };
}
