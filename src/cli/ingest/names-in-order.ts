import { type Dirent, opendirSync } from 'node:fs';

/** Names in order, and whether more come behind them. */
interface NamesRead {
  readonly entries: readonly NamedEntry[];
  readonly more: boolean;
}

export interface NamedEntry {
  readonly name: string;
  readonly isFolder: boolean;
}

/** Some 10 MB. A folder of a million files is then looked through twenty times, which takes seconds. */
const mostHeld = 50_000;

/**
 * What a folder holds, in the order of the names, without ever holding all of them: the first so many, then those behind, until there
 * are no more. Hidden entries are passed by.
 * @param wanted which of the others count.
 * @param held names that are given between two looks through the folder; at most twice as many are held.
 * @throws what the system says of a folder that cannot be read.
 */
export function* namesInOrder(
  folder: string,
  wanted: (entry: Dirent) => boolean,
  held = mostHeld,
): Generator<NamedEntry> {
  let behind = '';
  for (;;) {
    const { entries, more } = readNext(folder, wanted, behind, held);
    yield* entries;
    behind = entries.at(-1)?.name ?? '';
    if (!more) return;
  }
}

function readNext(folder: string, wanted: (entry: Dirent) => boolean, behind: string, held: number): NamesRead {
  let entries: NamedEntry[] = [];
  let more = false;
  const keepFirst = () => {
    entries.sort((a, b) => (a.name < b.name ? -1 : 1));
    if (entries.length > held) more = true;
    entries = entries.slice(0, held);
  };
  const open = opendirSync(folder, { bufferSize: 1_000 });
  try {
    for (let entry = open.readSync(); entry !== null; entry = open.readSync()) {
      const { name } = entry;
      if (name.startsWith('.') || name <= behind || !wanted(entry)) continue;
      entries.push({ name, isFolder: entry.isDirectory() });
      if (entries.length >= 2 * held) keepFirst();
    }
  } finally {
    open.closeSync();
  }
  keepFirst();
  return { entries, more };
}
