import { AsyncLocalStorage } from 'node:async_hooks';
import type { Question, Watches } from '../../src/updates/watches.ts';

/** What is known of a subscription's looks. */
export interface Looks {
  /** Number of the look that its subscriber was last told of, or was not for want of news. */
  last: number;
  /** How often there was news. */
  told: number;
}

/** The subscriptions of a gateway, with what they do told, so that a test need not wait to see that nothing comes. */
export interface ObservedWatches {
  readonly watches: Watches;
  /** Looks of the subscription that was opened last. */
  latest(): Looks | undefined;
  /** Number of the look that began last. */
  begun(): number;
  /** Called after every look. */
  onLook: () => void;
}

/** Set while a subscription looks again, of its own accord and with nobody's request around it. */
const again = new AsyncLocalStorage<true>();

/** Whether what runs is a subscription's look after its first. */
export function isLookAgain(): boolean {
  return again.getStore() ?? false;
}

/** The same subscriptions, watched. */
export function observeWatches(own: Watches): ObservedWatches {
  const numbers = new WeakMap<object, number>();
  let begun = 0;
  let latest: Looks | undefined;
  const observed: ObservedWatches = {
    watches: { ...own, open: (question, signal) => own.open(observe(question), signal) },
    latest: () => latest,
    begun: () => begun,
    onLook: () => {},
  };

  function observe<Answer, News>(question: Question<Answer, News>): Question<Answer, News> {
    const looks: Looks = { last: 0, told: 0 };
    latest = looks;
    let isFirst = true;
    const numbered = async (answer: Promise<Answer>) => {
      const number = ++begun;
      const given = await answer;
      numbers.set(given as object, number);
      return given;
    };
    return {
      ...question,
      ask: (signal) => {
        if (!isFirst) return again.run(true, () => numbered(question.ask(signal)));
        isFirst = false;
        return numbered(question.ask(signal));
      },
      tell: (answer, askedAt) => {
        const news = question.tell(answer, askedAt);
        looks.last = numbers.get(answer as object) ?? looks.last;
        if (news !== undefined) looks.told++;
        observed.onLook();
        return news;
      },
    };
  }
  return observed;
}
