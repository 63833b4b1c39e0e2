import { longestLength, type Measure } from './chunk-measure.ts';
import { isLineEndAt, isSpaceAt } from './chunk-spaces.ts';

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** A chunk this full is not worth measuring on for a few more words. */
const fullEnough = 0.9;

/** What is cut: the chunk begins at `start`; the cut lies after `from` (its first character that must come along) and before `to`. */
export interface CutRange {
  readonly start: number;
  readonly from: number;
  readonly to: number;
}

/**
 * Finds where to end a chunk inside a sentence that does not fit: at a line end or between words where the last half of the
 * chunk has such a place, otherwise between graphemes, as the last resort between code points. Undefined where not even one
 * code point fits, or not one grapheme beside what comes before it.
 */
export function cutToFit(text: string, range: CutRange, measure: Measure, maxTokens: number): number | undefined {
  const { start, from } = range;
  const furthest = findFurthest(range, measure, maxTokens);
  const middle = Math.max(from + 1, Math.ceil((start + furthest) / 2));
  const fits = (cut: number | undefined): cut is number =>
    cut !== undefined && cut > from && measure(start, cut) <= maxTokens;

  const lineEnd = findLast(middle, furthest, (position) => isLineEndAt(text, position));
  if (fits(lineEnd)) return lineEnd;
  const wordEnd = findLast(middle, furthest, (position) => isSpaceAt(text, position));
  if (fits(wordEnd)) return wordEnd;
  const grapheme = graphemeEdge(text, range, furthest);
  if (fits(grapheme)) return grapheme;
  // What stands before it, headings, can do without it; alone it has the room of a whole chunk.
  if (start < from) return undefined;
  for (let cut = furthest; cut > from; cut--) {
    if (!splitsSurrogatePair(text, cut) && fits(cut)) return cut;
  }
  return undefined;
}

/** About the furthest position that fits: by interpolation, as tokens are spread evenly, and by halves, in case they are not. */
function findFurthest({ start, from, to }: CutRange, measure: Measure, maxTokens: number): number {
  let fitting = from;
  let fittingTokens = measure(start, from);
  let over = Math.min(to, start + longestLength(maxTokens));
  let overTokens = measure(start, over);
  if (overTokens <= maxTokens) return over;
  for (let round = 0; over - fitting > 1 && (fitting === from || fittingTokens < fullEnough * maxTokens); round++) {
    const share = round % 2 === 0 ? (0.97 * maxTokens - fittingTokens) / (overTokens - fittingTokens) : 0.5;
    const step = Math.round(share * (over - fitting));
    const position = fitting + Math.min(Math.max(step, 1), over - fitting - 1);
    const tokens = measure(start, position);
    if (tokens <= maxTokens) {
      fitting = position;
      fittingTokens = tokens;
    } else {
      over = position;
      overTokens = tokens;
    }
  }
  return fitting;
}

function findLast(first: number, last: number, matches: (position: number) => boolean): number | undefined {
  for (let position = last; position >= first; position--) if (matches(position)) return position;
  return undefined;
}

/**
 * The start of the grapheme (a letter with its marks, an emoji with its modifiers) that `position` lies in or begins; of the
 * first one, which must come along, its end.
 */
function graphemeEdge(text: string, { from, to }: CutRange, position: number): number | undefined {
  if (position >= to) return to;
  // A few units more, so that a grapheme across `position` is seen as one.
  const window = text.slice(from, Math.min(to, position + 64));
  const grapheme = graphemes.segment(window).containing(position - from);
  if (!grapheme) return undefined;
  return from + (grapheme.index > 0 ? grapheme.index : grapheme.segment.length);
}

function splitsSurrogatePair(text: string, position: number): boolean {
  const before = text.charCodeAt(position - 1);
  const after = text.charCodeAt(position);
  return before >= 0xd800 && before <= 0xdbff && after >= 0xdc00 && after <= 0xdfff;
}
