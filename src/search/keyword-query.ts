/** What a query asks of a text besides ranking. */
export interface KeywordQuery {
  /** The words to rank by: any of them may occur. */
  readonly words: string;
  /**
   * Conditions in the syntax of `websearch_to_tsquery`: a quoted phrase, `-excluded`, and required words as they are.
   * Absent where the query has none.
   */
  readonly conditions?: string;
}

/** A quotation mark or a sign means something at the beginning of a word only: in `12" co-op` they are part of the text. */
const token = /(?<=^|\s)(?<phraseSign>[+-]?)"(?<phrase>[^"]*)"|(?:(?<=^|\s)(?<wordSign>[+-]))?(?<word>[^\s"]+)/gu;

/**
 * Splits a query into words to rank by and conditions to filter by: `"hot water" +spa -gas` wants the phrase, needs `spa`
 * and must not have `gas`. A plain query has no conditions.
 */
export function parseKeywordQuery(text: string): KeywordQuery {
  const words: string[] = [];
  const conditions: string[] = [];
  for (const { groups = {} } of text.matchAll(token)) {
    const { phrase, phraseSign, word, wordSign } = groups;
    const value = phrase ?? word ?? '';
    const sign = phraseSign ?? wordSign ?? '';
    const isWordy = /[\p{L}\p{N}]/u.test(value);
    if (!isWordy) continue;
    const quoted = `"${value}"`;
    if (sign === '-') {
      conditions.push(`-${quoted}`);
      continue;
    }
    words.push(value);
    if (sign === '+' || phrase !== undefined) conditions.push(quoted);
  }
  return { words: words.join(' '), ...(conditions.length > 0 && { conditions: conditions.join(' ') }) };
}
