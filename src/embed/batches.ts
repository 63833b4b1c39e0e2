/** A run of texts for one request: positions `start` to `end` (exclusive). */
export interface Batch {
  readonly start: number;
  readonly end: number;
}

/** What one request may hold. */
export interface BatchLimits {
  readonly maxTexts: number;
  readonly maxTokens: number;
}

/** Cuts texts into runs within both limits, in order. A text that is over the token limit by itself gets a run of its own. */
export function splitIntoBatches(
  texts: readonly string[],
  countTokens: (text: string) => number,
  limits: BatchLimits,
): Batch[] {
  const batches: Batch[] = [];
  let start = 0;
  let tokens = 0;
  for (const [position, text] of texts.entries()) {
    const added = countTokens(text);
    const full = position - start === limits.maxTexts || tokens + added > limits.maxTokens;
    if (full && position > start) {
      batches.push({ start, end: position });
      start = position;
      tokens = 0;
    }
    tokens += added;
  }
  if (start < texts.length) batches.push({ start, end: texts.length });
  return batches;
}
