import { readFileSync } from 'node:fs';
import { parseStaticTable } from '../src/embed/static-table.ts';
import { createRandom } from './random.ts';

/** Words that occur as often as their rank says (Zipf), as those of real texts do. */
export interface TextSource {
  /** A sentence of so many words. */
  words(count: number): string;
  /** A question: words that are neither the most common nor hardly ever used. */
  question(): string;
}

const vocabularySize = 30_000;
const syllables = ['ba', 'ce', 'di', 'fo', 'gu', 'la', 'me', 'ni', 'po', 'ru', 'sa', 'te', 'vi', 'zo', 'ku', 'ha'];
const questionWords = 4;
/** Ranks that a question's words come from. */
const [questionFrom, questionTo] = [50, 5_000];

/**
 * @param seed The same gives the same texts in the same order.
 * @param wordAt what is at a rank, from 0. Without it words of syllables, of about four tokens each.
 */
export function createTextSource(seed: number, wordAt: (rank: number) => string = syllablesAt): TextSource {
  const random = createRandom(seed);
  const list = (count: number, rank: () => number) => Array.from({ length: count }, () => wordAt(rank())).join(' ');
  return {
    // The inverse of the distribution 1 / rank: the share of ranks below r is log r over log of all.
    words: (count) => list(count, () => Math.floor(vocabularySize ** random.next()) - 1),
    question: () => list(questionWords, () => Math.floor(questionFrom * (questionTo / questionFrom) ** random.next())),
  };
}

/** Syllables of the rank's digits, with a consonant behind that no stemmer takes off. */
function syllablesAt(rank: number): string {
  let word = '';
  for (let rest = rank + 16; rest > 0; rest = Math.floor(rest / 16)) word += syllables[rest % 16];
  return `${word}k`;
}

/** English words, of one token each, by their rank: the built-in table has its pieces in the order of how often they occur. */
export function readEnglishWords(): (rank: number) => string {
  const { vocabulary } = parseStaticTable(readFileSync(new URL('../models/static-en-512.bin', import.meta.url)));
  const words = vocabulary.filter((piece) => /^[a-z]+$/.test(piece));
  return (rank) => words[rank % words.length] as string;
}
