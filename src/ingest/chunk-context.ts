import type { Chunking } from '../chunking.ts';

/** By what title and headings are cut to what a model reads. */
export interface ContextRoom {
  readonly countTokens: (text: string) => number;
  /** Tokens of the longest text that every model reads whole; nothing is cut without it. */
  readonly modelTokens?: number | undefined;
}

/** Title and headings take this part of what a model reads at most: the rest is the text's. */
const mostOfModel = 0.5;

/**
 * What is embedded before a chunk: title and headings, as far as the collection wants them. Where they would take more than half of
 * what the model reads, the outermost headings are left out, then the end of the title.
 */
export function contextOf(
  title: string,
  headings: readonly string[],
  { context }: Chunking,
  { countTokens, modelTokens = Number.POSITIVE_INFINITY }: ContextRoom,
): string {
  if (context === 'none') return '';
  const most = Math.floor(modelTokens * mostOfModel);
  let nearest = context === 'title' ? [] : headings;
  for (;;) {
    const whole = [title, ...nearest].join(' > ');
    if (countTokens(whole) <= most) return whole;
    if (nearest.length === 0) return cutToTokens(title, countTokens, most);
    nearest = nearest.slice(1);
  }
}

/** The longest beginning that has no more tokens, between code points. */
function cutToTokens(text: string, countTokens: (text: string) => number, most: number): string {
  let fitting = 0;
  for (let over = text.length; over - fitting > 1; ) {
    const middle = Math.floor((fitting + over) / 2);
    if (countTokens(text.slice(0, middle)) <= most) fitting = middle;
    else over = middle;
  }
  const cut = text.slice(0, fitting);
  return (cut.isWellFormed() ? cut : cut.slice(0, -1)).trimEnd();
}
