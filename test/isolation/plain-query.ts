import type { Draws } from './draws.ts';
import { type ModelTenant, wordsOf } from './model.ts';
import type { Caller, World } from './world.ts';

/** Words that documents are made of: known to the built-in model, and different from each other when stemmed. */
export const vocabulary = ['boiler', 'kitchen', 'garden', 'lantern', 'bridge', 'harbor', 'violin', 'pepper'] as const;

/** A query of which the model knows every word. */
export interface PlainQuery {
  readonly text: string;
  readonly words: readonly string[];
  readonly required: readonly string[];
  readonly excluded: readonly string[];
}

/** Asks for words of the vocabulary and for markers of anybody, some of them required or excluded. */
export function plainQuery(world: World, _caller: Caller, draws: Draws): PlainQuery {
  const word = () => (draws.chance(0.6) ? draws.pick(vocabulary) : anyMarker(world, draws));
  // The first makes it a text that can be embedded.
  const plain: string[] = [draws.pick(vocabulary), ...Array.from({ length: draws.below(3) }, word)];
  const required = draws.chance(0.25) ? [word()] : [];
  const excluded = draws.chance(0.25) ? [word()] : [];
  const text = [...plain, ...required.map((one) => `+${one}`), ...excluded.map((one) => `-${one}`)].join(' ');
  return { text, words: [...plain, ...required], required, excluded };
}

/** The word of a tenant, or one that is in one document only. */
export function anyMarker(world: World, draws: Draws): string {
  const tenant: ModelTenant = draws.pick(world.tenants);
  const documents = [...tenant.documents.values()];
  if (documents.length === 0 || draws.chance(0.3)) return tenant.marker;
  return [...wordsOf(draws.pick(documents))].find((word) => word.startsWith('dc')) ?? tenant.marker;
}
