/**
 * Tokens of the text between two positions. Beyond what the model counts, every 16 UTF-16 units are one token at least, so
 * that text which a model does not count (rules, blank space, unknown scripts, the tail of an endless word) cannot make a
 * chunk of a megabyte. English has about five.
 */
export type Measure = (start: number, end: number) => number;

const longestUnitsPerToken = 16;

/** Units beyond which no text measures up to `maxTokens`. */
export function longestLength(maxTokens: number): number {
  return maxTokens * longestUnitsPerToken;
}

/**
 * Measures parts of a text. A part that is too long for `maxTokens` by its length alone is Infinity without being counted,
 * which keeps the work of one measurement small whatever the text.
 */
export function createMeasure(text: string, countTokens: (text: string) => number, maxTokens: number): Measure {
  const longest = longestLength(maxTokens);
  // A section, its only paragraph and the chunk that holds them are the same part.
  const measured = new Map<string, number>();
  return (start, end) => {
    if (end - start > longest) return Number.POSITIVE_INFINITY;
    const part = `${start} ${end}`;
    const known = measured.get(part);
    if (known !== undefined) return known;
    const tokens = Math.max(countTokens(text.slice(start, end)), Math.ceil((end - start) / longestUnitsPerToken));
    measured.set(part, tokens);
    return tokens;
  };
}
