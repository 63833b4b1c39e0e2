import { Refusal } from '../errors.ts';
import { checkPageSize } from '../page.ts';
import { checkDimensions, coarseVector, InvalidVectorError, normaliseVector } from '../vector.ts';
import { parseKeywordQuery } from './keyword-query.ts';
import type { ExampleId, FusionInput, PageInput, RecallInput, RecencyInput, SearchInput } from './search-input.ts';
import {
  type FusionWish,
  type RecallWish,
  type RecencyWish,
  type SearchRequest,
  type SearchSubject,
  searchLimits,
} from './search-request.ts';

/** Rank constant of reciprocal rank fusion: Cormack, Clarke and Büttcher, SIGIR 2009. */
const defaultRankConstant = 60;
/** Age then decides three tenths of a score at most: enough to settle a near tie, too little to bury a good answer. */
const defaultRecencyWeight = 0.3;

/**
 * Checks a search before anything is computed for it.
 * @param dimensions of the model's vectors.
 * @throws {Refusal} `BAD_USER_INPUT` that says what was wrong, what was received and what is allowed.
 */
export function checkSearch(input: SearchInput, page: PageInput, dimensions: number): SearchRequest {
  const subject = checkSubject(input, dimensions);
  const mode = input.mode ?? (subject.kind === 'text' ? 'HYBRID' : 'SEMANTIC');
  if (subject.kind !== 'text' && mode !== 'SEMANTIC') {
    throw refuse(`A search by ${subject.kind} has no words to match: its mode is SEMANTIC, not ${mode}.`);
  }
  return {
    subject,
    mode,
    ...(input.collections != null && { collections: checkCollections(input.collections) }),
    filter: input.filter ?? {},
    recall: checkRecall(input.recall, input.candidates),
    ...(input.minScore != null && { minScore: input.minScore }),
    groupBy: input.groupBy ?? 'DOCUMENT',
    fusion: checkFusion(input.fusion ?? {}),
    ...(input.diversity != null && { diversity: checkShare('diversity', input.diversity) }),
    ...(input.recency != null && { recency: checkRecency(input.recency) }),
    first: checkPageSize(page.first),
    ...(page.after != null && { after: page.after }),
  };
}

function checkSubject(input: SearchInput, dimensions: number): SearchSubject {
  const given = (['text', 'vector', 'vectorBase64', 'similarTo', 'recommend'] as const).filter(
    (name) => input[name] != null,
  );
  if (given.length !== 1) {
    const received = given.length === 0 ? 'none' : given.map((name) => `"${name}"`).join(' and ');
    throw refuse(
      `A search needs one of "text", "vector", "vectorBase64", "similarTo" and "recommend"; ${received} came.`,
    );
  }
  const { text, vector, vectorBase64, similarTo, recommend } = input;
  if (text != null) return { kind: 'text', text: checkText(text), query: parseKeywordQuery(text) };
  if (vector != null) return { kind: 'vector', vector: checkVector(vector, dimensions) };
  if (vectorBase64 != null) return { kind: 'vector', vector: checkVector(decodeVector(vectorBase64), dimensions) };
  if (similarTo != null) return { kind: 'examples', positive: [similarTo], negative: [] };
  return { kind: 'examples', ...checkExamples(recommend?.positive ?? [], recommend?.negative ?? []) };
}

function checkText(text: string): string {
  if (text.trim() === '') throw refuse('The search text is empty; give it at least one visible character.');
  if (text.length > searchLimits.textLength) {
    throw refuse(`The search text has ${text.length} characters; at most ${searchLimits.textLength} are allowed.`);
  }
  if (text.includes('\0') || !text.isWellFormed()) {
    throw refuse('The search text holds a NUL character or half of a surrogate pair, which is not valid text.');
  }
  return text;
}

function decodeVector(base64: string): Float32Array {
  const bytes = Buffer.from(base64, 'base64');
  if (bytes.length % 4 !== 0 || bytes.toString('base64').replace(/=+$/, '') !== base64.replace(/=+$/, '')) {
    throw refuse('"vectorBase64" is not the base64 of whole little-endian float32 numbers.');
  }
  return Float32Array.from({ length: bytes.length / 4 }, (_, index) => bytes.readFloatLE(4 * index));
}

function checkVector(vector: ArrayLike<number>, dimensions: number): Float32Array {
  try {
    checkDimensions(vector, dimensions);
    const full = normaliseVector(vector);
    coarseVector(full);
    return full;
  } catch (error) {
    if (error instanceof InvalidVectorError) throw refuse(`"vector" cannot be searched with: ${error.message}`, error);
    throw error;
  }
}

function checkExamples(positive: readonly ExampleId[], negative: readonly ExampleId[]) {
  const count = positive.length + negative.length;
  if (positive.length === 0) throw refuse('"recommend" has no positive example; give it at least one.');
  if (count > searchLimits.examples) {
    throw refuse(`"recommend" has ${count} examples; at most ${searchLimits.examples} are allowed.`);
  }
  return { positive, negative };
}

function checkCollections(collections: readonly string[]): readonly string[] {
  if (collections.length > searchLimits.collections) {
    throw refuse(`"collections" names ${collections.length}; at most ${searchLimits.collections} are allowed.`);
  }
  if (collections.some((name) => name.includes('\0'))) {
    throw refuse('"collections" has a name with a NUL character, which no text can hold.');
  }
  return collections;
}

function checkRecall(recall: RecallInput | null | undefined, candidates: number | null | undefined): RecallWish {
  const { leastCandidates, mostCandidates, leastTarget } = searchLimits;
  if (recall && candidates != null)
    throw refuse('"candidates" and "recall" each decide how far to look; give one of them.');
  if (candidates != null) {
    if (Number.isInteger(candidates) && candidates >= leastCandidates && candidates <= mostCandidates)
      return { candidates };
    throw refuse(
      `"candidates" is ${candidates}; a whole number from ${leastCandidates} to ${mostCandidates} is allowed.`,
    );
  }
  if (recall?.target === undefined) return { profile: recall?.profile ?? 'BALANCED' };
  const { target } = recall;
  if (target >= leastTarget && target <= 1) return { target };
  throw refuse(`"recall.target" is ${target}; a share from ${leastTarget} to 1 is allowed.`);
}

function checkFusion(fusion: FusionInput): FusionWish {
  const { mostWeight, mostRankConstant } = searchLimits;
  const { keywordWeight, semanticWeight, rankConstant } = fusion;
  for (const [name, weight] of Object.entries({ keywordWeight, semanticWeight })) {
    if (weight != null && !(weight >= 0 && weight <= mostWeight)) {
      throw refuse(`"fusion.${name}" is ${weight}; a number from 0 to ${mostWeight} is allowed.`);
    }
  }
  if (keywordWeight === 0 && semanticWeight === 0)
    throw refuse('Both weights of "fusion" are 0; at least one must count.');
  if (rankConstant != null && !(rankConstant >= 1 && rankConstant <= mostRankConstant)) {
    throw refuse(`"fusion.rankConstant" is ${rankConstant}; a number from 1 to ${mostRankConstant} is allowed.`);
  }
  return {
    method: fusion.method ?? 'RECIPROCAL_RANK',
    ...(keywordWeight != null && { keywordWeight }),
    ...(semanticWeight != null && { semanticWeight }),
    rankConstant: rankConstant ?? defaultRankConstant,
  };
}

function checkRecency({ halfLifeDays, weight }: RecencyInput): RecencyWish {
  if (!(halfLifeDays > 0 && halfLifeDays <= searchLimits.mostHalfLifeDays)) {
    throw refuse(
      `"recency.halfLifeDays" is ${halfLifeDays}; a number above 0, at most ${searchLimits.mostHalfLifeDays}, is allowed.`,
    );
  }
  return { halfLifeDays, weight: checkShare('recency.weight', weight ?? defaultRecencyWeight) };
}

function checkShare(name: string, share: number): number {
  if (share >= 0 && share <= 1) return share;
  throw refuse(`"${name}" is ${share}; a number from 0 to 1 is allowed.`);
}

function refuse(message: string, cause?: unknown): Refusal {
  return new Refusal('BAD_USER_INPUT', message, cause === undefined ? undefined : { cause });
}
