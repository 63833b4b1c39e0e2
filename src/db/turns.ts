import { Refusal } from '../errors.ts';

/** Ends a turn. */
export type Leave = () => void;

/** Whose turn it is to be: a tenant, or nobody in particular, and whether it only reads. */
export interface Turn {
  /** Absent for work that is no tenant's: it takes turns like a tenant's, and as many as it wants. */
  readonly tenant: string | undefined;
  /** Reads and writes of a tenant do not wait for one another: a long write would hold up every search. */
  readonly reads: boolean;
  /** Gives up the wait when it is aborted. */
  readonly signal?: AbortSignal | undefined;
}

/** Who gets the next connection: two queues for each tenant, and a turn for each queue. */
export interface Turns {
  /**
   * Waits for a turn. Nobody waits while there is room.
   * @returns what ends the turn.
   * @throws the signal's reason when it is aborted first; {@link Refusal} `DATABASE_UNAVAILABLE` when none is free for some seconds.
   */
  enter(turn: Turn): Leave | Promise<Leave>;
}

export interface TurnsOptions {
  /** Turns at the same time: connections of the pool. */
  readonly slots: number;
  /** Turns that one tenant may have at the same time while others are about, of reads and of writes. */
  readonly share: number;
  /**
   * Of the time in which another tenant keeps up, the part that a tenant with 32 requests waiting or more may take for turns,
   * 0 to 1; with fewer it may take more. 1 without it: all.
   */
  readonly queueShare?: number;
  /** How long anybody waits while no connection is free, in milliseconds; as long as a pool does, 5 s, without it. */
  readonly patienceMs?: number;
  /** The clock, in milliseconds since any moment. */
  readonly now?: () => number;
}

interface Line {
  readonly name: string;
  readonly tenant: string;
  held: number;
  readonly waiting: (() => void)[];
  /** Milliseconds of turns that it may take beside a tenant that keeps up, as of `creditAtMs`. */
  creditMs: number;
  creditAtMs: number;
}

/** A tenant that asked for something this lately is about, and finds room when it asks again. */
const aboutForMs = 10_000;
/** A tenant whose turns never had to wait keeps up; having asked this lately, it will ask again. */
const keepsUpForMs = 25;
/** Turns that a tenant may take at once beside one that keeps up: those of a page that asks for a dozen things. */
const mostCreditMs = 250;
/**
 * Of a queue of so many, each turn is paid in full; of a shorter one in proportion. Where a few clients ask for one thing after
 * the other, requests of a tenant meet all the time, and nobody is to wait for that.
 */
const longQueue = 32;
/** How often a queue that is held back is looked at. */
const reviewMs = 5;
const nobody = '';

/** The last tenant, and the last other one: of any number of tenants these tell each when another was there. */
interface Seen {
  last: { readonly tenant: string; readonly atMs: number };
  lastOther: { readonly tenant: string; readonly atMs: number };
}

/**
 * Lets tenants take turns. A tenant alone may have every slot. While another is about it has its share and no more, so that
 * there is room for the other without waiting for a statement to end; and where many wait, each queue is served once in a
 * round, however long it is.
 *
 * A tenant that keeps up is one whose turns are taken without a wait. While there is one, a tenant with a long queue has turns
 * for `queueShare` of the time: processors are shared by everybody who has a turn, and a search beside another one takes longer,
 * however many connections are free.
 */
export function createTurns(options: TurnsOptions): Turns {
  const { slots, share, queueShare = 1, patienceMs = 5_000, now = () => performance.now() } = options;
  /** Those that hold or wait, in the order in which they were last served. */
  const lines = new Map<string, Line>();
  let free = slots;
  let waiting = 0;
  let review: NodeJS.Timeout | undefined;
  const never = { tenant: nobody, atMs: Number.NEGATIVE_INFINITY };
  const asked: Seen = { last: never, lastOther: never };
  const keptUp: Seen = { last: never, lastOther: never };

  function note(seen: Seen, tenant: string): void {
    if (tenant === nobody) return;
    if (tenant !== seen.last.tenant) seen.lastOther = seen.last;
    seen.last = { tenant, atMs: now() };
  }

  function wasThere({ last, lastOther }: Seen, tenant: string, withinMs: number): boolean {
    const other = last.tenant === tenant ? lastOther : last;
    return now() - other.atMs <= withinMs;
  }

  function mayHold({ tenant, held }: Line): boolean {
    return tenant === nobody || held < share || !wasThere(asked, tenant, aboutForMs);
  }

  /** Whether a queue may go on beside those who keep up. */
  function hasCredit(line: Line): boolean {
    if (queueShare === 1 || line.tenant === nobody || !wasThere(keptUp, line.tenant, keepsUpForMs)) return true;
    const { creditMs, creditAtMs } = line;
    line.creditAtMs = now();
    line.creditMs = Math.min(mostCreditMs, creditMs + queueShare * (line.creditAtMs - creditAtMs));
    return line.creditMs > 0;
  }

  function lineOf(tenant: string, reads: boolean): Line {
    const name = `${tenant} ${reads ? 'reads' : 'writes'}`;
    const known = lines.get(name);
    if (known) return known;
    const line: Line = { name, tenant, held: 0, waiting: [], creditMs: mostCreditMs, creditAtMs: now() };
    lines.set(name, line);
    return line;
  }

  function forgetIdle({ name, held, waiting: queue }: Line): void {
    if (held === 0 && queue.length === 0) lines.delete(name);
  }

  function take(line: Line, waited: boolean): Leave {
    const startedMs = now();
    free--;
    line.held++;
    if (!waited) note(keptUp, line.tenant);
    return () => {
      if (waited) line.creditMs -= (now() - startedMs) * Math.min(1, line.waiting.length / longQueue);
      else note(keptUp, line.tenant);
      free++;
      line.held--;
      if (waiting > 0) serve();
      forgetIdle(line);
    };
  }

  /** Gives what is free to those that wait, one of each queue after the other. */
  function serve(): void {
    clearTimeout(review);
    for (let line = nextLine(); line; line = nextLine()) {
      // To the end of the round.
      lines.delete(line.name);
      lines.set(line.name, line);
      line.waiting.shift()?.();
    }
  }

  function nextLine(): Line | undefined {
    if (free === 0 || waiting === 0) return undefined;
    let isHeldBack = false;
    for (const line of lines.values()) {
      if (line.waiting.length === 0 || !mayHold(line)) continue;
      if (hasCredit(line)) return line;
      isHeldBack = true;
    }
    if (isHeldBack) review = setTimeout(serve, reviewMs);
    return undefined;
  }

  function wait(line: Line, signal: AbortSignal | undefined): Promise<Leave> {
    return new Promise((resolve, reject) => {
      const settle = () => {
        waiting--;
        clearTimeout(timer);
        signal?.removeEventListener('abort', giveUp);
      };
      const start = () => {
        settle();
        resolve(take(line, true));
      };
      const giveUp = () => {
        settle();
        line.waiting.splice(line.waiting.indexOf(start), 1);
        forgetIdle(line);
        reject(signal?.aborted ? signal.reason : tooLong(patienceMs));
      };
      // Where connections are free, only the tenant's own share is waited for, and the request's own timeout is what ends that.
      const timer = setTimeout(() => (free > 0 ? timer.refresh() : giveUp()), patienceMs);
      signal?.addEventListener('abort', giveUp, { once: true });
      line.waiting.push(start);
      waiting++;
    });
  }

  return {
    enter({ tenant = nobody, reads, signal }) {
      note(asked, tenant);
      const line = lineOf(tenant, reads);
      return free > 0 && line.waiting.length === 0 && mayHold(line) ? take(line, false) : wait(line, signal);
    },
  };
}

function tooLong(patienceMs: number): Refusal {
  return new Refusal(
    'DATABASE_UNAVAILABLE',
    `No connection to the database was free for ${patienceMs} ms; nothing was changed. Try again in a moment.`,
  );
}
