import { type MappedMinScore, mapMinScores } from './map-min-scores.ts';
import { mean, percentile } from './recall-measures.ts';

/** A passage that a query found. */
export interface ScoredChunk {
  readonly chunkId: string;
  /** Cosine at full precision, -1 to 1. */
  readonly score: number;
}

/** What one model made of one query. */
export interface Answer {
  /** Best first, ten at most; none where the model knows no word of the query. */
  readonly hits: readonly ScoredChunk[];
  /** The part of the time that the vector took. */
  readonly embedMs: number;
  /** The whole way of the query: the vector, then the search. */
  readonly tookMs: number;
}

/** What one model made of the queries. */
export interface ModelFigures {
  /** Cosine of the best hit: mean and standard deviation over the queries that found something. */
  readonly bestMean: number;
  readonly bestDeviation: number;
  /** The share of queries whose first passage the other model has among its ten: 0 to 1. */
  readonly firstFoundByOther: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly embedP50Ms: number;
  /** Queries of which the model knows no word, or that found nothing. */
  readonly unanswered: number;
}

/** How values lie. */
export interface Spread {
  readonly mean: number;
  readonly median: number;
  readonly p5: number;
  readonly p95: number;
}

export interface Comparison {
  readonly queries: number;
  /** The share of the ten passages that one model found first which the other found as well, on the mean: 0 to 1. */
  readonly overlapAt10: number;
  /** How many queries have the same first passage. */
  readonly sameFirst: number;
  readonly figures: readonly [ModelFigures, ModelFigures];
  /** By how much a query's cosines are higher with the second model; absent where no query has any to compare. */
  readonly shifts: {
    /** Of its best hits, whichever passages they are. */
    readonly best: Spread | undefined;
    /** Of the passages that both found, on the mean of the query. */
    readonly common: Spread | undefined;
  };
  readonly minScores: readonly MappedMinScore[];
}

/**
 * Compares what two models made of the same queries.
 * @param pairs one for each query.
 * @param minScores of the first model, to be mapped besides round ones.
 */
export function compareAnswers(
  pairs: readonly (readonly [Answer, Answer])[],
  minScores: readonly number[] = [],
): Comparison {
  const answered = pairs.filter(([a, b]) => a.hits.length + b.hits.length > 0);
  const [first, second] = [pairs.map(([a]) => a), pairs.map(([, b]) => b)];
  const scoresOf = (answers: readonly Answer[]) => answers.flatMap(({ hits }) => hits.map(({ score }) => score));
  return {
    queries: pairs.length,
    overlapAt10: mean(answered.map(([a, b]) => overlap(a.hits, b.hits))),
    sameFirst: pairs.filter(([a, b]) => a.hits[0] && a.hits[0].chunkId === b.hits[0]?.chunkId).length,
    figures: [summarise(pairs), summarise(pairs.map(([a, b]) => [b, a] as const))],
    shifts: {
      best: spread(pairs.flatMap(([a, b]) => (a.hits[0] && b.hits[0] ? b.hits[0].score - a.hits[0].score : []))),
      common: spread(pairs.flatMap(([a, b]) => commonShift(a.hits, b.hits) ?? [])),
    },
    minScores: mapMinScores(scoresOf(first), scoresOf(second), minScores),
  };
}

function overlap(a: readonly ScoredChunk[], b: readonly ScoredChunk[]): number {
  return inBoth(a, b).length / Math.max(a.length, b.length);
}

function commonShift(a: readonly ScoredChunk[], b: readonly ScoredChunk[]): number | undefined {
  const both = inBoth(a, b);
  return both.length === 0 ? undefined : mean(both.map(([one, other]) => other.score - one.score));
}

function inBoth(a: readonly ScoredChunk[], b: readonly ScoredChunk[]): (readonly [ScoredChunk, ScoredChunk])[] {
  const others = new Map(b.map((hit) => [hit.chunkId, hit]));
  return a.flatMap((hit) => {
    const other = others.get(hit.chunkId);
    return other ? [[hit, other] as const] : [];
  });
}

function spread(values: readonly number[]): Spread | undefined {
  if (values.length === 0) return undefined;
  const at = (share: number) => percentile(values, share);
  return { mean: mean(values), median: at(0.5), p5: at(0.05), p95: at(0.95) };
}

/** Of the first of each pair. */
function summarise(pairs: readonly (readonly [Answer, Answer])[]): ModelFigures {
  const best = pairs.flatMap(([{ hits }]) => hits[0]?.score ?? []);
  const bestMean = mean(best);
  const firsts = pairs.flatMap(
    ([
      {
        hits: [hit],
      },
      other,
    ]) => (hit ? Number(other.hits.some(({ chunkId }) => chunkId === hit.chunkId)) : []),
  );
  const times = pairs.map(([{ tookMs }]) => tookMs);
  const embedTimes = pairs.map(([{ embedMs }]) => embedMs);
  return {
    bestMean,
    bestDeviation: Math.sqrt(mean(best.map((value) => (value - bestMean) ** 2))),
    firstFoundByOther: mean(firsts),
    p50Ms: percentile(times, 0.5),
    p95Ms: percentile(times, 0.95),
    embedP50Ms: percentile(embedTimes, 0.5),
    unanswered: pairs.length - best.length,
  };
}
