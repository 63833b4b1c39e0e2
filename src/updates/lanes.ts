/**
 * Runs work of tenants, so much at a time and the rest after it: next is the tenant of whom the least runs, among several the one
 * whose last turn is longest ago, and of one tenant what came first.
 */
export type InTurn = <Result>(tenant: string, work: () => Promise<Result>) => Promise<Result>;

interface Line {
  readonly waiting: (() => void)[];
  running: number;
}

export function createLanes(mostAtOnce: number): InTurn {
  // Tenants that wait or run, in the order of their turns.
  const lines = new Map<string, Line>();
  let running = 0;

  function takeNext(): void {
    let next: [tenant: string, line: Line] | undefined;
    for (const entry of lines) {
      if (entry[1].waiting.length > 0 && (!next || entry[1].running < next[1].running)) next = entry;
    }
    if (!next) return;
    const [tenant, line] = next;
    lines.delete(tenant);
    lines.set(tenant, line);
    begin(line);
    line.waiting.shift()?.();
  }

  function begin(line: Line): void {
    running++;
    line.running++;
  }

  return async (tenant, work) => {
    const line = lines.get(tenant) ?? { waiting: [], running: 0 };
    lines.set(tenant, line);
    // Whoever is let in has begun already, so that nobody comes between.
    if (running === mostAtOnce) await new Promise<void>((resolve) => line.waiting.push(resolve));
    else begin(line);
    try {
      return await work();
    } finally {
      running--;
      line.running--;
      if (line.running === 0 && line.waiting.length === 0) lines.delete(tenant);
      takeNext();
    }
  };
}
