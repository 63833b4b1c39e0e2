/** Lexemes of a chunk with the number of times each occurs. */
export interface CountedChunk {
  readonly documentId: string;
  readonly lexemes: ReadonlyMap<string, number>;
}

/**
 * BM25 as textbooks have it (Robertson and Zaragoza, 2009; k1 1.2, b 0.75, the real average length), every term of every
 * chunk, with a document as good as its best chunk. What the KEYWORD mode is measured against.
 */
export function createTextbookBm25(chunks: readonly CountedChunk[]) {
  const lengths = chunks.map(({ lexemes }) => [...lexemes.values()].reduce((sum, count) => sum + count, 0));
  const average = lengths.reduce((sum, length) => sum + length, 0) / chunks.length;
  const chunksWith = new Map<string, number>();
  for (const { lexemes } of chunks) {
    for (const lexeme of lexemes.keys()) chunksWith.set(lexeme, (chunksWith.get(lexeme) ?? 0) + 1);
  }
  const rarity = (lexeme: string) => {
    const df = chunksWith.get(lexeme) ?? 0;
    return Math.log(1 + (chunks.length - df + 0.5) / (df + 0.5));
  };
  return function rank(question: Iterable<string>): string[] {
    const terms = [...question].map((lexeme) => ({ lexeme, weight: rarity(lexeme) }));
    const scores = new Map<string, number>();
    for (const [index, { documentId, lexemes }] of chunks.entries()) {
      const norm = 1.2 * (0.25 + (0.75 * (lengths[index] ?? 0)) / average);
      let score = 0;
      for (const { lexeme, weight } of terms) {
        const tf = lexemes.get(lexeme) ?? 0;
        score += (weight * tf * 2.2) / (tf + norm);
      }
      if (score > (scores.get(documentId) ?? 0)) scores.set(documentId, score);
    }
    return [...scores].sort((a, b) => b[1] - a[1]).map(([id]) => id);
  };
}
