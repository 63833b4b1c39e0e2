import { setTimeout as wait } from 'node:timers/promises';
import { Refusal } from '../errors.ts';

/** Whoever wants the answers to a question. */
export interface Watcher<Answer> {
  onAnswer(answer: Answer, askedAt: Date): void;
  /** The question can be answered no more. */
  onFault(error: unknown): void;
}

export interface WatchOptions<Answer> {
  /** @param signal aborted when nobody wants the answer any more. */
  readonly ask: (signal: AbortSignal) => Promise<Answer>;
  /** From one time that it is asked to the next, at least. */
  readonly everyMs: number;
  /** Waits for its turn among all that is asked by this process. */
  readonly inTurn: <Result>(work: () => Promise<Result>) => Promise<Result>;
  /** Called for a failure after which it is asked again. */
  readonly onFailure: (error: unknown) => void;
}

/** One question, asked for all who want to know, whenever something changes. */
export interface Watch<Answer> {
  readonly watchers: Set<Watcher<Answer>>;
  /** Something has changed: it is asked again, once for all that changes meanwhile. */
  change(): void;
  close(): void;
}

/** How long it waits after a failure of the database. */
const retryMs = 2_000;

export function createWatch<Answer>({ ask, everyMs, inTurn, onFailure }: WatchOptions<Answer>): Watch<Answer> {
  const watchers = new Set<Watcher<Answer>>();
  const leaving = new AbortController();
  const { signal } = leaving;
  let isChanged = false;
  let isBusy = false;

  /** Answers changes until there are no more. */
  async function answerChanges(): Promise<void> {
    while (isChanged && !signal.aborted) {
      isChanged = false;
      const askedAt = new Date();
      const isAnswered = await inTurn(() => ask(signal)).then(
        (answer) => {
          for (const watcher of watchers) watcher.onAnswer(answer, askedAt);
          return true;
        },
        (error: unknown) => {
          if (signal.aborted) return true;
          if (isPassing(error)) {
            onFailure(error);
            isChanged = true;
            return false;
          }
          for (const watcher of [...watchers]) watcher.onFault(error);
          return true;
        },
      );
      await wait(isAnswered ? everyMs : Math.max(everyMs, retryMs), undefined, { signal }).catch(() => {});
    }
    isBusy = false;
  }

  return {
    watchers,
    change: () => {
      isChanged = true;
      if (isBusy) return;
      isBusy = true;
      void answerChanges();
    },
    close: () => leaving.abort(),
  };
}

/** True for what is not the question's fault, and goes by. */
function isPassing(error: unknown): boolean {
  return error instanceof Refusal && (error.httpStatus >= 500 || error.code === 'RATE_LIMITED');
}
