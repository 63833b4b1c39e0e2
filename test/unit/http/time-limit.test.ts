import { setTimeout as wait } from 'node:timers/promises';
import { createSchema, createYoga } from 'graphql-yoga';
import { beforeEach, describe, expect, it } from 'vitest';
import { createTimeLimit } from '../../../src/http/time-limit.ts';

const timeoutMs = 60;

describe('the time of a request', () => {
  let signals: AbortSignal[] = [];
  beforeEach(() => {
    signals = [];
  });

  const limit = createTimeLimit(timeoutMs);
  const yoga = createYoga({
    logging: false,
    schema: createSchema({
      typeDefs: 'type Query { quick: Int! slow: String! } type Subscription { ticks: Int! }',
      resolvers: {
        Query: {
          quick: () => 1,
          slow: (_root, _args, { signal }: { signal: AbortSignal }) =>
            new Promise((resolve) => signal.addEventListener('abort', () => resolve(signal.reason.name))),
        },
        Subscription: {
          ticks: {
            subscribe: async function* () {
              for (let ticks = 1; ticks <= 4; ticks++) {
                await wait(timeoutMs / 2);
                yield { ticks };
              }
            },
          },
        },
      },
    }),
    context: ({ request }: { request: Request }) => {
      const signal = limit.begin(request);
      signals.push(signal);
      return { signal };
    },
    plugins: [limit.plugin],
  });

  const send = (query: string, init: RequestInit = {}) =>
    yoga.fetch('http://tessera.test/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream, application/json' },
      body: JSON.stringify({ query }),
      ...init,
    });

  it('ends by itself', async () => {
    expect(await (await send('{ slow }')).text()).toContain('TimeoutError');
  });

  it('ends with the answer, and nothing is aborted afterwards', async () => {
    await (await send('{ quick }')).text();
    await wait(2 * timeoutMs);
    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
  });

  it('ends with the client', async () => {
    const client = new AbortController();
    const answered = Promise.resolve(send('{ slow }', { signal: client.signal })).catch(() => undefined);
    await expect.poll(() => signals.length).toBe(1);
    client.abort();
    await answered;
    expect(signals.map(({ reason }) => reason?.name)).toEqual(['AbortError']);
  });

  it('is as long for a subscription as its client stays', async () => {
    const text = await (await send('subscription { ticks }')).text();
    expect(text.match(/"ticks":\d/g)).toEqual(['"ticks":1', '"ticks":2', '"ticks":3', '"ticks":4']);
    expect(text).toContain('event: complete');
    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
  });

  it('is over for a subscription when its client leaves', async () => {
    const client = new AbortController();
    const response = await send('subscription { ticks }', { signal: client.signal });
    const reader = response.body?.getReader();
    await reader?.read();
    client.abort();
    await expect.poll(() => signals.map(({ aborted }) => aborted)).toEqual([true]);
  });
});
