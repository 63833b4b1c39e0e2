import type { Database } from '../db/database.ts';
import { halfvecParameter, vectorParameter } from '../db/vector-parameter.ts';
import type { Embedder } from '../embed/embedder.ts';
import type { TenantId } from '../ids.ts';
import { coarseVector } from '../vector.ts';
import { mean, percentile } from './recall-measures.ts';
import { twoStageStatement } from './recall-statements.ts';
import { timedRead } from './timed-read.ts';

/** A model of which there is both: its vectors, and what makes them of queries. */
export interface ComparedModel {
  readonly modelId: number;
  readonly embedder: Pick<Embedder, 'embed'>;
}

/** What one model made of the queries. */
export interface ModelFigures {
  /** Cosine of the best hit: mean and standard deviation. */
  readonly bestMean: number;
  readonly bestDeviation: number;
  /** The whole way of a query: the vector, then the search. */
  readonly p50Ms: number;
  readonly p95Ms: number;
  /** The part of it that the vector took. */
  readonly embedP50Ms: number;
  /** Queries of which the model knows no word, or that found nothing. */
  readonly unanswered: number;
}

export interface Comparison {
  readonly queries: number;
  /** The share of the ten passages that one model found first which the other found as well, on the mean: 0 to 1. */
  readonly overlapAt10: number;
  /** How many queries have the same first passage. */
  readonly sameFirst: number;
  readonly figures: readonly [ModelFigures, ModelFigures];
}

const depth = 10;
const candidates = 100;
const efSearch = 100;

interface Answer {
  readonly chunkIds: readonly string[];
  /** Cosine of the first. */
  readonly best: number | undefined;
  readonly embedMs: number;
  readonly tookMs: number;
}

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
  models: readonly [ComparedModel, ComparedModel],
  queries: readonly string[],
  signal?: AbortSignal,
): Promise<Comparison> {
  const answers: [Answer[], Answer[]] = [[], []];
  for (const [index, query] of queries.entries()) {
    for (const which of index % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
      signal?.throwIfAborted();
      answers[which].push(await ask(database, tenantId, models[which], query, signal));
    }
  }
  const [first, second] = answers;
  const pairs = first.map((one, index) => [one.chunkIds, second[index]?.chunkIds ?? []] as const);
  return {
    queries: queries.length,
    overlapAt10: mean(pairs.map(([a, b]) => overlap(a, b))),
    sameFirst: pairs.filter(([a, b]) => a[0] !== undefined && a[0] === b[0]).length,
    figures: [summarise(first), summarise(second)],
  };
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
  if (!full) return { chunkIds: [], best: undefined, embedMs, tookMs: embedMs };
  const vector = { full: vectorParameter(full), coarse: halfvecParameter(coarseVector(full)) };
  const statement = twoStageStatement({ tenantId, modelId }, vector, { stageOne: 'planned', candidates }, depth);
  const { rows, tookMs } = await timedRead(database, tenantId, statement, efSearch);
  const chunkIds = [...new Set(rows.map(({ chunkId }) => chunkId))];
  return { chunkIds, best: rows[0] && -rows[0].distance, embedMs, tookMs: embedMs + tookMs };
}

/** 1 where neither found anything. */
function overlap(a: readonly string[], b: readonly string[]): number {
  const most = Math.max(a.length, b.length);
  return most === 0 ? 1 : a.filter((id) => b.includes(id)).length / most;
}

function summarise(answers: readonly Answer[]): ModelFigures {
  const best = answers.flatMap((one) => one.best ?? []);
  const bestMean = mean(best);
  const times = answers.map(({ tookMs }) => tookMs);
  return {
    bestMean,
    bestDeviation: Math.sqrt(mean(best.map((value) => (value - bestMean) ** 2))),
    p50Ms: percentile(times, 0.5),
    p95Ms: percentile(times, 0.95),
    embedP50Ms: percentile(
      answers.map(({ embedMs }) => embedMs),
      0.5,
    ),
    unanswered: answers.length - best.length,
  };
}
