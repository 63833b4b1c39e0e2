import { globalId, type LookAlike } from './look-alikes.ts';
import type { RandomValues } from './random-queries.ts';

/** What the query itself names may come back, in a sentence about it. */
export function tracesBeyond({ traces }: LookAlike, text: string): string[] {
  return traces.filter((trace) => !text.includes(trace));
}

/** What arguments are made of: words, and ids and cursors of both tenants and of nobody. */
export function randomValuesFor(me: LookAlike, other: LookAlike): RandomValues {
  return {
    words: [
      'hot',
      'water',
      'boiler',
      'dog',
      'bus',
      'rooms',
      '+card',
      '-sauna',
      '"by the door"',
      'ünïcode',
      '*',
      "'",
      'the',
    ],
    ids: [
      ...me.ids.values(),
      ...me.ids.values(),
      ...other.ids.values(),
      me.chunkId,
      other.chunkId,
      globalId('Document', '01890000-0000-7000-8000-00000000dead'),
      globalId('Viewer', 'x'),
      'x',
    ],
    names: ['year', 'floor', 'tags', 'rooms', 'service', 'brand new', 'x'],
    cursors: [me.listCursor, me.searchCursor, other.listCursor, other.searchCursor, '', 'x'],
  };
}
