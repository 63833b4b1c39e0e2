/**
 * Estimates how many tokens a byte-pair tokeniser makes of a text, without its vocabulary: a quarter token for an ASCII
 * character (OpenAI's rule of thumb for English), half for other two-byte letters (Cyrillic, Greek, accents), one for the
 * rest (CJK, symbols) and two for an emoji. Code and long numbers come out somewhat too low, so keep a margin.
 */
export function estimateTokens(text: string): number {
  let quarters = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    quarters += unit < 0x80 ? 1 : unit < 0x800 ? 2 : 4;
  }
  return Math.ceil(quarters / 4);
}
