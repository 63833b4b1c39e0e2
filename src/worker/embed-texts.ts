import type { Embedder } from '../embed/embedder.ts';
import { EmbedderError } from '../embed/embedder-error.ts';
import type { TenantId } from '../ids.ts';

/** What became of texts that were sent to a provider. */
export interface EmbeddedTexts {
  /** By position: a vector, or null where the model knows nothing of the text. What is not here was not embedded. */
  readonly vectors: ReadonlyMap<number, Float32Array | null>;
  /** By position: why the provider refuses this text, sent by itself, or fails over it. */
  readonly rejected: ReadonlyMap<number, string>;
  /** Why the rest was not embedded, where there is a rest: the provider's fault and not the texts'. */
  readonly failure: Error | undefined;
}

export interface EmbedTextsOptions {
  /**
   * Whether these texts failed together often enough for one of them to be what makes the provider fail, though it says
   * nothing against it: it answers 5xx, is silent or hangs up.
   */
  readonly isSuspect?: boolean;
  /** Awaited before suspects are sent apart, which takes some ten times as long as a call. */
  readonly beforeApart?: (reason: EmbedderError) => Promise<unknown>;
}

/** Nothing that any provider could object to: it tells a provider that refuses everything from one that refuses a text. */
const harmlessText = 'The quick brown fox jumps over the lazy dog.';

/**
 * Embeds texts, and finds those that the provider refuses: the others are embedded all the same. One such text among n costs
 * the others log2(n) calls more, and one: half of the suspects is sent; where it passes, the other half is suspect without being sent,
 * and where it does not, the other half waits for the end and goes in one call with everything that is above suspicion. A
 * text is blamed only when it was refused by itself, and the provider takes another. Whatever else fails, by the error's own
 * word, is nobody's text's fault: it passes, or somebody has to change a setting. Only where the texts are suspects is a failure that
 * passes for others looked into in the same way, after the provider took a harmless text.
 */
export async function embedTexts(
  embedder: Pick<Embedder, 'embed'>,
  texts: readonly string[],
  tenantId: TenantId,
  { isSuspect = false, beforeApart }: EmbedTextsOptions = {},
): Promise<EmbeddedTexts> {
  const vectors = new Map<number, Float32Array | null>();
  const rejected = new Map<number, string>();

  // With their first call their tokens are taken from the tenant's budget, which may not hold them twice: parts of it are free.
  let payer: TenantId | undefined = tenantId;

  /** Why the provider refused, or nothing when it took them. */
  async function send(positions: readonly number[]): Promise<EmbedderError | undefined> {
    const options = { purpose: 'document', tenantId: payer, isSuspect } as const;
    payer = undefined;
    try {
      const embed = positions.map((position) => texts[position] as string);
      const answers = await embedder.embed(embed, options);
      for (const [i, position] of positions.entries()) vectors.set(position, answers[i] ?? null);
      return undefined;
    } catch (error) {
      if (error instanceof EmbedderError && (error.fault === 'item' || (isSuspect && mayBeText(error)))) return error;
      throw error;
    }
  }

  /** Throws where the provider takes nothing. */
  const probe = (text: string) => embedder.embed([text], { purpose: 'document' });

  /** Narrows texts that were refused together down to one. Returns those that are under no suspicion and were not sent. */
  async function findCulprit(refused: readonly number[], reason: EmbedderError): Promise<number[]> {
    if (reason.fault !== 'item' && refused.length > 1) {
      await probe(harmlessText);
      await beforeApart?.(reason);
    }
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
      if (blame.fault !== 'item') await probe(harmlessBeside(texts[culprit] as string, blame));
      else if (vectors.size === 0) await probe(harmlessText);
      rejected.set(culprit, blame.message);
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
    return { vectors, rejected, failure: error instanceof Error ? error : new Error(String(error)) };
  }
}

/** Whether a text may be the reason of a failure that usually passes. A time to come back is a provider's word that none is. */
function mayBeText({ fault, httpStatus = 500, retryAfterMs, unsent }: EmbedderError): boolean {
  return fault === 'passing' && httpStatus >= 500 && retryAfterMs === undefined && unsent === undefined;
}

/** A slow provider takes longer for a long text, whatever it says: such a one is compared with another of its length. */
function harmlessBeside(text: string, { code }: EmbedderError): string {
  if (code !== 'EMBEDDER_TIMEOUT') return harmlessText;
  return `${harmlessText} `.repeat(Math.ceil(text.length / harmlessText.length)).trimEnd();
}
