import type { ChunkKind } from '../chunking.ts';
import { dividers } from './chunk-dividers.ts';
import { createMeasure } from './chunk-measure.ts';
import { packPieces } from './chunk-pack.ts';

/** A part of a document that is embedded and found on its own. */
export interface Chunk {
  /** Position among the document's chunks, from 0. */
  readonly ordinal: number;
  /** Exactly `source.slice(start, end)`. */
  readonly text: string;
  /** Positions in UTF-16 units. With overlap, `start` lies before the `end` of the chunk before. */
  readonly start: number;
  readonly end: number;
  /** Titles of the headings above `start`, from the highest level down. A heading inside the chunk is not among them. */
  readonly headings: readonly string[];
}

export interface ChunkOptions {
  /** The model's own count, or an estimate. Called with short texts only. */
  readonly countTokens: (text: string) => number;
  /** Most tokens of a chunk, overlap included (default 200: about 150 words, where the built-in table works best). */
  readonly maxTokens?: number | undefined;
  /** Most tokens that are repeated from the chunk before (default 40, a sentence or two). Less than `maxTokens`. */
  readonly overlapTokens?: number | undefined;
  /** What the structure of the text is (default `markdown`, which plain text is too). */
  readonly kind?: Exclude<ChunkKind, 'auto'> | undefined;
}

/**
 * Divides a text into chunks, along its structure:
 *
 * - `markdown`: sections, then paragraphs and fenced code, list items, sentences;
 * - `recursive`: paragraphs, then sentences;
 * - `code`: lines, rather before a declaration than elsewhere;
 * - `sentence`: windows of as many sentences as fit, paragraphs or not;
 *
 * and what is larger than a chunk at line ends, words, graphemes, and as the last resort code points. Every character that is not white space is in a
 * chunk, and every chunk is within `maxTokens` (unless a single code point counts for more). The same text always
 * gives the same chunks, in time proportional to its length.
 *
 * ```ts
 * const chunks = chunkText('# Rooms\n\nTowels are changed daily.', { countTokens: embedder.countTokens });
 * // [{ ordinal: 0, text: '# Rooms\n\nTowels are changed daily.', start: 0, end: 34, headings: [] }]
 * ```
 * @throws {RangeError} when `maxTokens` is not a whole number above 0, or `overlapTokens` not one from 0 to below `maxTokens`.
 */
export function chunkText(text: string, options: ChunkOptions): Chunk[] {
  const { countTokens, maxTokens = 200, overlapTokens = 40, kind = 'markdown' } = options;
  checkLimits(maxTokens, overlapTokens);
  const measure = createMeasure(text, countTokens, maxTokens);
  const groups = dividers[kind](text, measure, maxTokens);
  const spans = groups.flatMap((pieces) => packPieces(text, pieces, measure, { maxTokens, overlapTokens }));
  return spans.map(({ start, end, first }, ordinal) => ({
    ordinal,
    text: text.slice(start, end),
    start,
    end,
    headings: first.kind === 'heading' ? first.section.above : first.section.path,
  }));
}

function checkLimits(maxTokens: number, overlapTokens: number): void {
  if (!Number.isInteger(maxTokens) || maxTokens < 1) {
    throw new RangeError(`maxTokens is ${maxTokens}: a chunk needs a whole number of tokens above 0.`);
  }
  if (!Number.isInteger(overlapTokens) || overlapTokens < 0 || overlapTokens >= maxTokens) {
    throw new RangeError(
      `overlapTokens is ${overlapTokens}: it must be a whole number from 0 to below maxTokens, which is ${maxTokens}.`,
    );
  }
}
