import type { Finding } from './finding.ts';

/** What became of one text that was sent to the embedder. */
export interface EmbedderFacts {
  readonly model: string;
  readonly dimensions: number;
  /** Absent where nobody knows. */
  readonly matryoshka: boolean | undefined;
  readonly durationMs: number;
  /** Tokens that the provider counted, where one was asked. */
  readonly tokens: number | undefined;
  /** Why there is no vector. */
  readonly failure?: string | undefined;
}

/** Whether the embedder answers, and whether its vectors may be shortened as stage one does. */
export function checkEmbedder(facts: EmbedderFacts): Finding[] {
  const check = 'embedder';
  const name = `${facts.model} (${facts.dimensions} dimensions)`;
  if (facts.failure !== undefined) {
    const fix =
      'New documents of its tenants wait, and their searches by meaning fail, until this is mended. See docs/embedders.md.';
    return [{ check, level: 'fault', found: `${name} gave no vector: ${facts.failure.replace(/\.$/, '')}`, fix }];
  }
  const cost = facts.tokens === undefined ? '' : ` and counted ${facts.tokens} tokens`;
  const answered = `${name} embedded a text in ${Math.round(facts.durationMs)} ms${cost}`;
  if (facts.matryoshka !== false) return [{ check, level: 'ok', found: answered }];
  const found = `${answered}; it was not trained for shorter vectors, so that stage one loses more`;
  const fix = 'Run "tessera tune" for the largest tenants, and search by recall target: docs/embedders.md.';
  return [{ check, level: 'warning', found, fix }];
}
