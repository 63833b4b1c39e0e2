import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTokenise } from '../../../src/embed/wordpiece.ts';

const vocabulary = ['a', 'b', 'c', 'ab', 'abc', '##a', '##b', '##c', '##bc', 'é', 'e', '𝒳', '𐐨', '##𐐨'];
const tokenise = createTokenise(vocabulary);
const pieces = (text: string) => tokenise(text).map((row) => vocabulary[row]);

/** The format's own words, as plainly as they can be put. */
function referencePieces(text: string): string[] {
  const rows: string[] = [];
  const folded = text
    .normalize('NFKC')
    .toLowerCase()
    .normalize('NFD')
    .replace(/\p{Mn}+/gu, '');
  for (const word of folded.match(/[\p{L}\p{N}]+/gu) ?? []) {
    const characters = Array.from(word).slice(0, 64);
    for (let i = 0; i < characters.length; ) {
      let j = characters.length;
      const piece = () => (i > 0 ? '##' : '') + characters.slice(i, j).join('');
      while (j > i && !vocabulary.includes(piece())) j--;
      if (j > i) rows.push(piece());
      i = j > i ? j : i + 1;
    }
  }
  return rows;
}

describe('createTokenise', () => {
  it('takes the longest known piece from the left', () => {
    expect(pieces('abcab')).toEqual(['abc', '##a', '##b']);
    expect(pieces('abbc')).toEqual(['ab', '##bc']);
  });

  it('skips what it does not know and goes on inside the word', () => {
    expect(pieces('zab')).toEqual(['##a', '##b']);
    expect(pieces('azb z')).toEqual(['a', '##b']);
  });

  it('separates words at everything that is not a letter or a number', () => {
    expect(pieces("a_b-c.a'b")).toEqual(['a', 'b', 'c', 'a', 'b']);
  });

  it('ignores what comes after the 64th code point of a word', () => {
    expect(pieces(`${'z'.repeat(63)}ab`)).toEqual(['##a']);
    expect(pieces(`${'𐐨'.repeat(63)}ab`).slice(-2)).toEqual(['##𐐨', '##a']);
  });

  it('agrees with the format on any text', () => {
    const character = fc.constantFrom(...'abcABCzé ._-1Éßǅﬁ½𝒳𐐀𐐨', 'e\u0301', '\ud800', '\udc00', 'İ', '🙂', 'ㅏ');
    fc.assert(
      fc.property(fc.string({ unit: character, maxLength: 90 }), (text) => {
        expect(pieces(text)).toEqual(referencePieces(text));
      }),
    );
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(pieces(text)).toEqual(referencePieces(text));
      }),
    );
  });
});
