import { Refusal } from '../errors.ts';
import type { TenantId } from '../ids.ts';
import { createLanes } from './lanes.ts';
import { createNewsStream, type NewsStream, type Told } from './news-stream.ts';
import { createSeats, type SeatLimits } from './seats.ts';
import { createWatch, type Watch } from './watch.ts';

/** A question that is asked again whenever something of its tenant changes. */
export interface Question<Answer, News> {
  readonly tenantId: TenantId;
  /** Says who asks and what: questions with the same key share their answers. */
  readonly key: string;
  /** @param signal aborted when nobody wants the answer any more. */
  ask(signal: AbortSignal): Promise<Answer>;
  /** What is new in an answer, compared with those before; called first with the answer at the start. */
  tell(answer: Answer, askedAt: Date): News | undefined;
  /** Whether nothing can come behind this. */
  isLast?(news: News): boolean;
  /** Rejects when whoever asked may not any more. */
  checkCaller(): Promise<unknown>;
}

export interface WatchesOptions extends SeatLimits {
  /** From one time that a question is asked to the next, at least. */
  readonly everyMs?: number;
  /** How often it is looked whether those who asked still may. */
  readonly checkEveryMs?: number;
  /** Begins to listen for changes, while there are subscriptions. @returns what ends it. */
  readonly follow: () => { close(): Promise<void> };
  /** Called for a failure after which a question is asked again. */
  readonly onFailure: (error: unknown) => void;
}

/** The questions of all subscriptions of this process. While there are none it holds nothing and does nothing. */
export interface Watches {
  /**
   * Asks now, and again whenever something changes, until the stream is left. What changes from then on is told.
   * @param signal aborted when the subscriber goes away.
   * @throws {Refusal} `TOO_MANY_SUBSCRIPTIONS`; and what the question throws when it is first asked.
   */
  open<Answer, News>(question: Question<Answer, News>, signal: AbortSignal): Promise<AsyncIterableIterator<Told<News>>>;
  /** Something of a tenant has changed; of any, without one. */
  change(tenantId?: TenantId): void;
  /** How many subscriptions there are. */
  count(): number;
  /** Ends all subscriptions, and stops listening. */
  close(): Promise<void>;
}

/** Questions that are asked at a time: the rest of the pool's connections are for requests. */
const mostAtOnce = 2;

interface Entry {
  readonly watch: Watch<unknown>;
  readonly tenantId: TenantId;
}

interface Subscriber {
  readonly stream: NewsStream<unknown>;
  checkCaller(): Promise<unknown>;
}

export function createWatches(options: WatchesOptions): Watches {
  const { everyMs = 500, checkEveryMs = 1_000, follow, onFailure } = options;
  const seats = createSeats(options);
  const inTurn = createLanes(mostAtOnce);
  const entries = new Map<string, Entry>();
  const subscribers = new Set<Subscriber>();
  let following: { close(): Promise<void> } | undefined;
  let checking: NodeJS.Timeout | undefined;
  let stopped: Promise<void> = Promise.resolve();
  let isChecking = false;
  let isClosed = false;

  function begin(): void {
    following ??= follow();
    checking ??= setInterval(checkCallers, checkEveryMs).unref();
  }

  function rest(): void {
    if (seats.count() > 0) return;
    clearInterval(checking);
    checking = undefined;
    stopped = Promise.all([stopped, following?.close()]).then(() => {});
    following = undefined;
  }

  /** One after the other: where revocations are not heard of, each of them is a look at the database. */
  async function checkCallers(): Promise<void> {
    if (isChecking) return;
    isChecking = true;
    for (const { stream, checkCaller } of [...subscribers]) {
      await checkCaller().catch((error: unknown) => {
        if (isRefused(error)) stream.end({ fault: error });
      });
    }
    isChecking = false;
  }

  function entryOf<Answer>({ key, tenantId, ask }: Question<Answer, unknown>): Entry {
    const known = entries.get(key);
    if (known) return known;
    const entry = {
      tenantId,
      watch: createWatch<unknown>({ ask, everyMs, inTurn: (work) => inTurn(tenantId, work), onFailure }),
    };
    entries.set(key, entry);
    return entry;
  }

  return {
    async open<Answer, News>(question: Question<Answer, News>, signal: AbortSignal) {
      const { key, tenantId, checkCaller } = question;
      const toTold = (news: News) => ({ news, isLast: question.isLast?.(news) ?? false });
      const giveBack = seats.take(tenantId);
      begin();
      const entry = entryOf(question);
      let latest: { readonly answer: Answer; readonly askedAt: Date } | undefined;
      let first: Told<News> | undefined;
      const watcher = {
        onAnswer: (answer: unknown, askedAt: Date) => {
          latest = { answer: answer as Answer, askedAt };
          stream.wake();
        },
        onFault: (fault: unknown) => stream.end({ fault }),
      };
      const stream = createNewsStream<News>(take, leave);
      const subscriber: Subscriber = { stream, checkCaller };
      const goAway = () => stream.end();

      async function take(): Promise<Told<News> | undefined> {
        if (first) {
          const told = first;
          first = undefined;
          return told;
        }
        if (!latest) return undefined;
        const { answer, askedAt } = latest;
        latest = undefined;
        const news = question.tell(answer, askedAt);
        if (news === undefined) return undefined;
        return checkCaller().then(
          () => toTold(news),
          (fault: unknown) => ({ fault }),
        );
      }

      function leave(): void {
        signal.removeEventListener('abort', goAway);
        giveBack();
        subscribers.delete(subscriber);
        entry.watch.watchers.delete(watcher);
        if (entry.watch.watchers.size === 0) {
          entry.watch.close();
          if (entries.get(key) === entry) entries.delete(key);
        }
        rest();
      }

      entry.watch.watchers.add(watcher);
      subscribers.add(subscriber);
      signal.addEventListener('abort', goAway);
      try {
        // Of its own, not another's latest: what was written before the call is no news.
        const askedAt = new Date();
        const news = question.tell(await question.ask(signal), askedAt);
        if (news !== undefined) first = toTold(news);
        if (isClosed) stream.end();
      } catch (error) {
        stream.end();
        throw error;
      }
      return stream.events;
    },
    change(tenantId) {
      for (const entry of entries.values()) {
        if (tenantId === undefined || entry.tenantId === tenantId) entry.watch.change();
      }
    },
    count: seats.count,
    close: async () => {
      isClosed = true;
      for (const { stream } of [...subscribers]) stream.end();
      await stopped;
    },
  };
}

/** True where whoever asked may ask no more, and not for a failure to find that out. */
function isRefused(error: unknown): boolean {
  return error instanceof Refusal && (error.httpStatus === 401 || error.httpStatus === 403);
}
