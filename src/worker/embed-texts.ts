import type { Embedder } from '../embed/embedder.ts';
import { EmbedderError } from '../embed/embedder-error.ts';
import type { TenantId } from '../ids.ts';

/** What became of texts that were sent to a provider. */
export interface EmbeddedTexts {
  /** By position: a vector, or null where the model knows nothing of the text. What is not here was not embedded. */
  readonly vectors: ReadonlyMap<number, Float32Array | null>;
  /** By position: why the provider refuses this text, sent by itself. */
  readonly rejected: ReadonlyMap<number, string>;
  /** Why the rest was not embedded, where there is a rest: the provider's fault and not the texts'. */
  readonly failure: string | undefined;
}

/** Nothing that any provider could object to: it tells a provider that refuses everything from one that refuses a text. */
const harmlessText = 'The quick brown fox jumps over the lazy dog.';

/**
 * Embeds texts, and finds those that the provider refuses: the others are embedded all the same. One such text among n costs
 * the others log2(n) calls more, and one: half of the suspects is sent; where it passes, the other half is suspect without being sent,
 * and where it does not, the other half waits for the end and goes in one call with everything that is above suspicion. A
 * text is blamed only when it was refused by itself, and the provider takes another. Whatever else fails, by the error's own
 * word, is nobody's text's fault: it passes, or somebody has to change a setting.
 */
export async function embedTexts(
  embedder: Pick<Embedder, 'embed'>,
  texts: readonly string[],
  tenantId: TenantId,
  signal?: AbortSignal,
): Promise<EmbeddedTexts> {
  const vectors = new Map<number, Float32Array | null>();
  const rejected = new Map<number, string>();

  /** Why the provider refused, or nothing when it took them. */
  async function send(positions: readonly number[]): Promise<string | undefined> {
    try {
      const embed = positions.map((position) => texts[position] as string);
      const answers = await embedder.embed(embed, { purpose: 'document', tenantId, signal });
      for (const [i, position] of positions.entries()) vectors.set(position, answers[i] ?? null);
      return undefined;
    } catch (error) {
      if (error instanceof EmbedderError && error.fault === 'item') return error.message;
      throw error;
    }
  }

  /** Narrows texts that were refused together down to one. Returns those that are under no suspicion and were not sent. */
  async function findCulprit(refused: readonly number[], reason: string): Promise<number[]> {
    const waiting: number[] = [];
    let suspects = [...refused];
    let blame = refused.length === 1 ? reason : undefined;
    while (suspects.length > 1) {
      const half = suspects.splice(0, Math.ceil(suspects.length / 2));
      blame = await send(half);
      if (blame === undefined) continue;
      waiting.push(...suspects);
      suspects = half;
    }
    const [culprit] = suspects as [number];
    blame ??= await send([culprit]);
    if (blame !== undefined) {
      if (vectors.size === 0) await embedder.embed([harmlessText], { purpose: 'document', tenantId, signal });
      rejected.set(culprit, blame);
    }
    return waiting;
  }

  try {
    let waiting = [...texts.keys()];
    while (waiting.length > 0) {
      const reason = await send(waiting);
      if (reason === undefined) break;
      waiting = await findCulprit(waiting, reason);
    }
    return { vectors, rejected, failure: undefined };
  } catch (error) {
    return { vectors, rejected, failure: error instanceof Error ? error.message : String(error) };
  }
}
