import { type Block, linesOf } from './chunk-blocks.ts';
import type { Measure } from './chunk-measure.ts';
import type { Section } from './chunk-sections.ts';
import { skipSpaces, trimSpaces } from './chunk-spaces.ts';

/** How good a place is for a cut, from 0 (between sentences) to 3 (before a heading). */
export type Boundary = 0 | 1 | 2 | 3;

/** What is kept whole where possible: a heading, a sentence, a fenced block. */
export interface Piece {
  readonly start: number;
  readonly end: number;
  readonly kind: 'heading' | 'sentence' | 'code';
  /** Of the place before it. */
  readonly boundary: Boundary;
  readonly section: Section;
}

/** Divides the blocks of a section. Fenced code that is larger than `maxTokens` falls into lines. */
export function findPieces(text: string, section: Section, measure: Measure, maxTokens: number): Piece[] {
  return section.blocks.flatMap((block): Piece[] => {
    const { start, end } = block;
    switch (block.kind) {
      case 'heading':
        return [{ start, end, kind: 'heading', boundary: 3, section }];
      case 'code':
        if (measure(start, end) <= maxTokens) return [{ start, end, kind: 'code', boundary: 2, section }];
        return codeLines(text, block, section);
      default:
        return sentences(text, block, section);
    }
  });
}

function codeLines(text: string, block: Block, section: Section): Piece[] {
  const pieces: Piece[] = [];
  let boundary: Boundary = 2;
  for (const line of linesOf(text, block.start, block.end)) {
    const start = skipSpaces(text, line.start, line.end);
    if (start === line.end) {
      boundary = 1;
    } else {
      pieces.push({ start, end: trimSpaces(text, start, line.end), kind: 'sentence', boundary, section });
      boundary = 0;
    }
  }
  return pieces;
}

/** The rules for where a sentence ends hardly differ between languages; a fixed one makes the same chunks everywhere. */
const sentenceSegmenter = new Intl.Segmenter('en', { granularity: 'sentence' });

/** A shorter one is hardly a sentence: the number of a list item, "Dr.", an initial. It stays with what follows. */
const shortestSentence = 16;

function sentences(text: string, block: Block, section: Section): Piece[] {
  let boundary: Boundary = block.kind === 'item' ? 1 : 2;
  if (block.end - block.start <= shortestSentence) {
    return [{ start: block.start, end: block.end, kind: 'sentence', boundary, section }];
  }
  const pieces: Piece[] = [];
  // To the segmenter a line end ends a sentence; in wrapped text it does not.
  const unwrapped = text.slice(block.start, block.end).replace(/[\r\n]/g, ' ');
  let start = block.start;
  for (const { index, segment } of sentenceSegmenter.segment(unwrapped)) {
    const segmentEnd = block.start + index + segment.length;
    if (segmentEnd - start < shortestSentence && segmentEnd < block.end) continue;
    const end = trimSpaces(text, start, segmentEnd);
    if (end === start) continue;
    pieces.push({ start, end, kind: 'sentence', boundary, section });
    start = skipSpaces(text, segmentEnd, block.end);
    boundary = 0;
  }
  return pieces;
}
