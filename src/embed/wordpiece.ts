/** Code points of a word that are looked at; the rest of a longer word is ignored (FORMAT rule 5 of STATEMB1). */
const maxWordLength = 64;
/**
 * Words of a text recur, and their pieces are remembered: 40 words of 160 tokens took 9 microseconds instead of 22. Units of
 * the longest such word: of a longer slice V8 keeps the whole text alive that it was cut from.
 */
const longestKnownWord = 12;
/** Then all are forgotten, so that a stream of words that never recur takes a few megabytes at most. */
const mostKnownWords = 65_536;
/** Marks a piece that continues a word. */
const continuationPrefix = '##';

/** Turns a text into row numbers of the table, in reading order and with repetition. */
export type Tokenise = (text: string) => number[];

/**
 * Builds the `wordpiece-lower` tokeniser of the STATEMB1 format: NFKC, lower case, no combining marks, words are runs of
 * letters and numbers, and a word falls into the longest known pieces from the left. What has no piece is skipped.
 */
export function createTokenise(vocabulary: readonly string[]): Tokenise {
  const firstPieces = new Map<string, number>();
  const laterPieces = new Map<string, number>();
  let longestFirst = 0;
  let longestLater = 0;
  for (const [row, entry] of vocabulary.entries()) {
    if (entry.startsWith(continuationPrefix)) {
      const piece = entry.slice(continuationPrefix.length);
      laterPieces.set(piece, row);
      longestLater = Math.max(longestLater, piece.length);
    } else {
      firstPieces.set(entry, row);
      longestFirst = Math.max(longestFirst, entry.length);
    }
  }

  // Positions are UTF-16 units, not code points: no entry begins or ends inside a surrogate pair, so the same pieces match.
  function findPieces(word: string): number[] {
    const rows: number[] = [];
    let from = 0;
    while (from < word.length) {
      const pieces = from === 0 ? firstPieces : laterPieces;
      let to = Math.min(word.length, from + (from === 0 ? longestFirst : longestLater));
      let row: number | undefined;
      while (to > from) {
        row = pieces.get(word.slice(from, to));
        if (row !== undefined) break;
        to--;
      }
      if (row === undefined) {
        from++;
      } else {
        rows.push(row);
        from = to;
      }
    }
    return rows;
  }

  const known = new Map<string, readonly number[]>();
  function piecesOf(word: string): readonly number[] {
    if (word.length > longestKnownWord) return findPieces(word);
    const remembered = known.get(word);
    if (remembered) return remembered;
    const pieces = findPieces(word);
    if (known.size >= mostKnownWords) known.clear();
    known.set(word, pieces);
    return pieces;
  }

  return (text) => {
    const folded = fold(text);
    const rows: number[] = [];
    let from = 0;
    while (from < folded.length) {
      let width = wordCharacterWidth(folded, from);
      if (width === 0) {
        from++;
        continue;
      }
      const start = from;
      let end = from;
      for (let length = 0; width > 0; length++) {
        from += width;
        if (length < maxWordLength) end = from;
        width = from < folded.length ? wordCharacterWidth(folded, from) : 0;
      }
      for (const row of piecesOf(folded.slice(start, end))) rows.push(row);
    }
    return rows;
  };
}

/** Steps 1 to 3 of the format. Plain ASCII, which most text is, is not changed by any step but lower-casing. */
function fold(text: string): string {
  if (isAscii(text)) return text.toLowerCase();
  return text
    .normalize('NFKC')
    .toLowerCase()
    .normalize('NFD')
    .replace(/\p{Mn}+/gu, '');
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}

const unknownClass = 0;
const separatorClass = 1;
const wordClass = 2;
/** Class of each UTF-16 unit that is a code point of its own, filled as units are met. */
const unitClasses = new Uint8Array(0x10000);

/** UTF-16 units of the letter or number at `position` (1 or 2), or 0 where there is something else. */
function wordCharacterWidth(text: string, position: number): 0 | 1 | 2 {
  const unit = text.charCodeAt(position);
  if (unit >= 0xd800 && unit <= 0xdbff) {
    const codePoint = text.codePointAt(position) as number;
    return codePoint > 0xffff && isWordCharacter(String.fromCodePoint(codePoint)) ? 2 : 0;
  }
  if (unitClasses[unit] === unknownClass) {
    unitClasses[unit] = isWordCharacter(String.fromCharCode(unit)) ? wordClass : separatorClass;
  }
  return unitClasses[unit] === wordClass ? 1 : 0;
}

function isWordCharacter(character: string): boolean {
  return /^[\p{L}\p{N}]$/u.test(character);
}
