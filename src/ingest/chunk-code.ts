import { linesOf } from './chunk-blocks.ts';
import type { Boundary, Piece } from './chunk-pieces.ts';
import { skipSpaces, trimSpaces } from './chunk-spaces.ts';

/** Characters of a line that tell what it is. */
const longestMark = 16;

/** A line that ends something begun above it. */
const closing = /^(?:[)\]}>]|end\b|fi\b|done\b|esac\b|else\b|elif\b|except\b|catch\b|finally\b)/;

/** A line that stands above what it belongs to: a comment, a decorator, an attribute. */
const leading = /^(?:@|#|\/\/|\/\*|\*|--|;|\[)/;

/**
 * Divides source code, of whatever language, into lines. The best place for a cut is before a line without indentation that
 * follows a blank one, then before another without indentation, then after a blank line: that is where most languages
 * begin a declaration. A line that closes something is no such place, nor is the one below a comment.
 */
export function findCodePieces(text: string): Piece[] {
  const section = { level: 0, above: [], path: [], blocks: [] };
  const pieces: Piece[] = [];
  let afterBlank = true;
  let afterLeading = false;
  for (const line of linesOf(text)) {
    const start = skipSpaces(text, line.start, line.end);
    if (start === line.end) {
      afterBlank = true;
      continue;
    }
    const end = trimSpaces(text, start, line.end);
    const content = text.slice(start, Math.min(end, start + longestMark));
    const joined = (afterLeading && !afterBlank) || closing.test(content);
    const boundary = joined ? 0 : rankBoundary(start > line.start, afterBlank);
    pieces.push({ start, end, kind: 'sentence', boundary, section });
    afterBlank = false;
    afterLeading = leading.test(content);
  }
  return pieces;
}

function rankBoundary(indented: boolean, afterBlank: boolean): Boundary {
  if (!indented) return afterBlank ? 3 : 2;
  return afterBlank ? 1 : 0;
}
