import { cutToFit } from './chunk-cut.ts';
import type { Measure } from './chunk-measure.ts';
import type { Piece } from './chunk-pieces.ts';
import { skipSpaces, trimSpaces } from './chunk-spaces.ts';

/** A chunk's place in the text, and the piece that it begins with. */
export interface Span {
  readonly start: number;
  readonly end: number;
  readonly first: Piece;
}

export interface PackLimits {
  readonly maxTokens: number;
  readonly overlapTokens: number;
}

/** A paragraph, item or heading is a better place for a cut than a sentence's end, if the chunk is at least this full there. */
const goodFill = 0.5;

/**
 * Packs pieces into chunks, greedily: as many as fit, then back to the best place for a cut. A piece that does not fit by
 * itself is cut, and so is one that would leave a heading alone, except for code.
 */
export function packPieces(text: string, found: readonly Piece[], measure: Measure, limits: PackLimits): Span[] {
  const pieces = [...found];
  const { maxTokens } = limits;
  const spans: Span[] = [];
  let next = 0;
  let previous = { first: 0, end: 0 };

  while (next < pieces.length) {
    const overlap = findOverlap(pieces, previous, measure, limits);
    const first = pieces[overlap] as Piece;
    const end = takeFitting(pieces, first.start, next, measure, maxTokens);
    const blocker = pieces[end];

    if (blocker === undefined || holdsMoreThanHeadings(pieces, next, end)) {
      const cut = chooseCut(pieces, first.start, next, end);
      spans.push({ start: first.start, end: (pieces[cut - 1] as Piece).end, first });
      previous = { first: next, end: cut };
      next = cut;
      continue;
    }
    // Nothing fits, or nothing but headings.
    const fitsAlone = blocker.kind === 'code';
    const cut = fitsAlone
      ? undefined
      : cutToFit(text, { start: first.start, from: blocker.start, to: blocker.end }, measure, maxTokens);
    if (cut === undefined && end > next) {
      spans.push({ start: first.start, end: (pieces[end - 1] as Piece).end, first });
      next = end;
    } else {
      const cutAt = cut ?? blocker.start + codePointLength(text, blocker.start);
      spans.push({ start: first.start, end: trimSpaces(text, blocker.start, cutAt), first });
      const rest = skipSpaces(text, cutAt, blocker.end);
      next = rest < blocker.end ? end : end + 1;
      pieces[end] = { ...blocker, kind: 'sentence', start: rest, boundary: 0 };
    }
    previous = { first: next, end: next };
  }
  return spans;
}

/** The position after the last piece that fits, from `next` on, into a chunk that begins at `start`. */
function takeFitting(
  pieces: readonly Piece[],
  start: number,
  next: number,
  measure: Measure,
  maxTokens: number,
): number {
  let end = next;
  let tokens = 0;
  let measuredTo = start;
  for (let piece = pieces[end]; piece !== undefined; piece = pieces[end]) {
    tokens += measure(measuredTo, piece.end);
    if (tokens > maxTokens) break;
    measuredTo = piece.end;
    end++;
  }
  // The sum may be a little off, because tokens can span pieces.
  while (end > next && measure(start, (pieces[end - 1] as Piece).end) > maxTokens) end--;
  return end;
}

function holdsMoreThanHeadings(pieces: readonly Piece[], next: number, end: number): boolean {
  for (let i = next; i < end; i++) if (pieces[i]?.kind !== 'heading') return true;
  return false;
}

/** The best place for a cut after `next` and not after `end`: never below a heading, and the later the better. */
function chooseCut(pieces: readonly Piece[], start: number, next: number, end: number): number {
  const following = pieces[end];
  if (following === undefined) return end;
  const length = (pieces[end - 1] as Piece).end - start;
  let best = end;
  let bestBoundary = -1;
  for (let cut = end; cut > next; cut--) {
    const last = pieces[cut - 1] as Piece;
    if (bestBoundary >= 0 && last.end - start < goodFill * length) break;
    const boundary = last.kind === 'heading' ? -1 : (pieces[cut] as Piece).boundary;
    if (boundary > bestBoundary) {
      best = cut;
      bestBoundary = boundary;
    }
  }
  return best;
}

/**
 * The piece to begin the next chunk with: as many of the previous chunk's last sentences as fit into the overlap, if they
 * belong to the same section and leave room for the next piece. Never the whole previous chunk.
 */
function findOverlap(
  pieces: readonly Piece[],
  previous: { first: number; end: number },
  measure: Measure,
  { maxTokens, overlapTokens }: PackLimits,
): number {
  const next = pieces[previous.end] as Piece;
  let room = Math.min(overlapTokens, maxTokens - measure(next.start, next.end));
  let begin = previous.end;
  let measuredFrom = pieces[begin - 1]?.end ?? 0;
  while (begin - 1 > previous.first) {
    const piece = pieces[begin - 1] as Piece;
    if (piece.section !== next.section || piece.kind === 'heading') break;
    room -= measure(piece.start, measuredFrom);
    if (room < 0) break;
    measuredFrom = piece.start;
    begin--;
  }
  while (begin < previous.end && measure((pieces[begin] as Piece).start, next.end) > maxTokens) begin++;
  return begin;
}

function codePointLength(text: string, position: number): number {
  return (text.codePointAt(position) ?? 0) > 0xffff ? 2 : 1;
}
