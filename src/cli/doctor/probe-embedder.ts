import type { EmbedderConfig } from '../../config/config.ts';
import type { EmbedderFacts } from '../../doctor/check-embedder.ts';
import { isMatryoshka, openEmbedder } from '../../embed/open-embedder.ts';
import { ExpectedError, StartupError } from '../../errors.ts';

/** Embeds one short text, as a query. */
export async function probeEmbedder(config: EmbedderConfig): Promise<EmbedderFacts> {
  const startedMs = performance.now();
  // Until it is open only the settings can tell its name.
  let { model, dimensions } = config.kind === 'static' ? { model: 'static', dimensions: 0 } : config;
  const matryoshka = config.kind === 'static' ? undefined : isMatryoshka(config);
  const facts = () => ({ model, dimensions, matryoshka, durationMs: performance.now() - startedMs });
  try {
    const embedder = await openEmbedder(config);
    ({ name: model, dimensions } = embedder.model);
    await embedder.embed(['Where can I get hot water?'], { purpose: 'query' });
    return { ...facts(), tokens: embedder.usage?.().query.tokens };
  } catch (error) {
    if (!(error instanceof ExpectedError || error instanceof StartupError)) throw error;
    return { ...facts(), tokens: undefined, failure: error.message };
  }
}
