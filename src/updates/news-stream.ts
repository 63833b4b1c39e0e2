/** What a subscriber is told: news, or why there will be no more. */
export type Told<News> = { readonly news: News; readonly isLast?: boolean } | { readonly fault: unknown };

/** The news of one subscriber, made when they are taken: a subscriber that reads slowly has nothing pile up behind it. */
export interface NewsStream<News> {
  readonly events: AsyncIterableIterator<Told<News>>;
  /** There may be news. */
  wake(): void;
  /** There will be no more: what was told last is that which is given, if any. */
  end(last?: Told<News>): void;
}

/**
 * @param take makes the next news, where there are any; a `fault`, and what says that it is the last, ends the stream.
 * @param onEnd called once, however it ends: by `end`, or because the subscriber leaves.
 */
export function createNewsStream<News>(
  take: () => Promise<Told<News> | undefined>,
  onEnd: () => void,
): NewsStream<News> {
  let woken = Promise.withResolvers<void>();
  let hasEnded = false;
  let last: Told<News> | undefined;

  const wake = () => {
    woken.resolve();
    woken = Promise.withResolvers<void>();
  };
  const end = (closing?: Told<News>) => {
    if (hasEnded) return;
    hasEnded = true;
    last = closing;
    onEnd();
    wake();
  };

  async function next(): Promise<IteratorResult<Told<News>, undefined>> {
    for (;;) {
      if (hasEnded) {
        const value = last;
        last = undefined;
        return value ? { done: false, value } : { done: true, value: undefined };
      }
      const { promise } = woken;
      const told = await take();
      if (told && 'fault' in told) end(told);
      else if (told && !hasEnded) {
        if (told.isLast) end();
        return { done: false, value: told };
      } else if (!hasEnded) await promise;
    }
  }

  // Not a generator: leaving one that waits would wait, too.
  const events: AsyncIterableIterator<Told<News>> = {
    next,
    return: async () => {
      end();
      last = undefined;
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]: () => events,
  };
  return { events, wake, end };
}
