import { AsyncLocalStorage } from 'node:async_hooks';
import { isAsyncIterable, type Plugin } from 'graphql-yoga';
import { Refusal } from '../errors.ts';

/** Media types by which a client takes events. */
const events = /text\/event-stream|text\/\*|\*\/\*/;

/**
 * Begins a subscription only for a client that takes events: the library would begin it, find no way to send it, and leave
 * it running. What is found out while its events are sent goes by the id of the request that began it.
 */
export function useEventStreams(): Plugin {
  return {
    onSubscribe: ({ args: { contextValue } }) => {
      const accepted = contextValue.request.headers.get('accept') ?? '*/*';
      if (events.test(accepted)) return;
      throw new Refusal(
        'NOT_ACCEPTABLE',
        'A subscription is answered with events, which the Accept header leaves out: text/event-stream is possible.',
      );
    },
    onExecutionResult: ({ result, setResult }) => {
      if (!result || !isAsyncIterable(result)) return;
      const parts = result[Symbol.asyncIterator]();
      const bound: AsyncIterableIterator<unknown> = {
        next: AsyncLocalStorage.bind(() => parts.next()),
        return: async (value) => (await parts.return?.(value)) ?? { done: true, value: undefined },
        [Symbol.asyncIterator]: () => bound,
      };
      setResult(bound as typeof result);
    },
  };
}
