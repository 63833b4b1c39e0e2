import type { ChunkKind } from '../chunking.ts';
import { parseBlocks } from './chunk-blocks.ts';
import { findCodePieces } from './chunk-code.ts';
import type { Measure } from './chunk-measure.ts';
import { parseParagraphs } from './chunk-paragraphs.ts';
import { findPieces, type Piece } from './chunk-pieces.ts';
import { findSections, groupSections } from './chunk-sections.ts';

/** Finds what is kept whole where possible. Pieces of different groups share no chunk. */
type Divide = (text: string, measure: Measure, maxTokens: number) => Piece[][];

/** A section smaller than this share of a chunk is joined with what follows it. */
const smallSectionShare = 0.25;

const divideMarkdown: Divide = (text, measure, maxTokens) => {
  const sections = findSections(parseBlocks(text));
  return groupSections(sections, measure, smallSectionShare * maxTokens).map((group) =>
    group.flatMap((section) => findPieces(text, section, measure, maxTokens)),
  );
};

/** Paragraphs between blank lines, then sentences; no mark means anything. */
const divideRecursively: Divide = (text, measure, maxTokens) => {
  const section = { level: 0, above: [], path: [], blocks: parseParagraphs(text) };
  return [findPieces(text, section, measure, maxTokens)];
};

/** Sentences alone: a window over them is as full as it can be, wherever paragraphs end. */
const divideIntoSentences: Divide = (text, measure, maxTokens) =>
  divideRecursively(text, measure, maxTokens).map((pieces) => pieces.map((piece) => ({ ...piece, boundary: 0 })));

export const dividers: Readonly<Record<Exclude<ChunkKind, 'auto'>, Divide>> = {
  markdown: divideMarkdown,
  recursive: divideRecursively,
  code: (text) => [findCodePieces(text)],
  sentence: divideIntoSentences,
};
