import type { DocumentFilter } from '../../src/filter.ts';
import type { Draws } from './draws.ts';
import { anyText, type Caller, type World } from './world.ts';

/** Metadata that documents have, and the types that collections declare for it. */
export const metadataNames = ['tag', 'floor', 'open'] as const;

/** A filter over anything, with texts of one's own, of others and of nobody's. */
export function anyFilter(world: World, caller: Caller, draws: Draws, text: string, depth = 2): DocumentFilter {
  const value = () => anyText(world, caller, draws, text);
  const inner = () => anyFilter(world, caller, draws, text, depth - 1);
  const condition = () =>
    draws.pick<() => { eq?: string; neq?: string; in?: string[]; startsWith?: string; is?: 'NULL' | 'NOT_NULL' }>([
      () => ({ eq: value() }),
      () => ({ neq: value() }),
      () => ({ in: [value(), value(), value()] }),
      () => ({
        startsWith: value()
          .slice(0, 1 + draws.below(4))
          .toWellFormed(),
      }),
      () => ({ is: draws.pick(['NULL', 'NOT_NULL'] as const) }),
    ])();
  const typed = (name: string) =>
    draws.pick([
      { name, text: condition() },
      { name, number: { gte: draws.below(5) } },
      { name, boolean: { eq: draws.chance(0.5) } },
    ]);
  const kinds: (() => DocumentFilter)[] = [
    () => ({ collection: condition() }),
    () => ({ collection: { in: [...world.collections] } }),
    () => ({ externalId: condition() }),
    () => ({ title: condition() }),
    () => ({ status: condition() }),
    () => ({ attributes: [typed(draws.pick(metadataNames))] }),
    () => {
      const { name: key, ...conditions } = typed(draws.pick([...metadataNames, value()]));
      return { metadata: [{ key, ...conditions }] };
    },
  ];
  if (depth > 0 && draws.chance(0.3))
    return draws.pick([{ or: [inner(), inner()] }, { and: [inner(), inner()] }, { not: inner() }]);
  return draws.pick(kinds)();
}
