import { setTimeout as wait } from 'node:timers/promises';
import { type AnswerPart, readParts } from '../support/answer-parts.ts';
import type { TestGateway } from '../support/gateway.ts';
import type { Looks, ObservedWatches } from './observe-watches.ts';
import type { Report } from './part.ts';
import type { Caller } from './world.ts';

/** The most that a subscription may take to look or to end, on a busy machine. */
const patienceMs = 20_000;

/** An open stream of events, and what the model says of it. */
export interface Subscription {
  readonly kind: string;
  readonly caller: Caller;
  /** Variables of its request, as text. */
  readonly request: string;
  readonly looks: Looks;
  /** Events so far that were not looked at. */
  readonly events: AnswerPart[];
  /** How many came. */
  received: number;
  /** The server has ended it. */
  hasEnded: boolean;
  /**
   * Holds the events since the last time to the model. @returns rows compared.
   * Called when the subscription has looked at the tenant as it is now.
   */
  check(events: readonly AnswerPart[], report: Report): number;
  /** Whether it must be at its end; undefined where it may. */
  isOver(): boolean | undefined;
  leave(): void;
}

/** How an answer to a subscription's request begins: with a stream, or with what an ordinary request gets. */
export type Opened =
  | { readonly stream: Pick<Subscription, 'looks' | 'events' | 'received' | 'hasEnded' | 'leave'> }
  | { readonly status: number; readonly text: string };

/** Sends the request of a subscription, and takes the events as they come. */
export async function openStream(
  { gateway }: TestGateway,
  observed: ObservedWatches,
  token: string,
  body: { readonly query: string; readonly variables: Record<string, unknown> },
): Promise<Opened> {
  const client = new AbortController();
  const before = observed.latest();
  const response = await gateway.fetch('http://tessera.test/graphql', {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'text/event-stream',
      authorization: `Bearer ${token}`,
    },
    body: JSON.stringify(body),
    signal: client.signal,
  });
  const looks = observed.latest();
  if (response.status !== 200 || looks === undefined || looks === before)
    return { status: response.status, text: await response.text() };
  const stream = {
    looks,
    events: [] as AnswerPart[],
    received: 0,
    hasEnded: false,
    leave: () => client.abort(),
  };
  const take = async () => {
    for await (const part of readParts(response)) {
      stream.events.push(part);
      stream.received++;
      observed.onLook();
    }
  };
  void take()
    .catch(() => {})
    .finally(() => {
      stream.hasEnded = true;
      observed.onLook();
    });
  return { stream };
}

/** Waits until something holds that looks and events decide. */
export async function waitFor(observed: ObservedWatches, holds: () => boolean): Promise<boolean> {
  const patience = new AbortController();
  let isLate = false;
  const late = wait(patienceMs, undefined, { signal: patience.signal }).then(
    () => {
      isLate = true;
    },
    () => {},
  );
  while (!holds() && !isLate) {
    const look = Promise.withResolvers<void>();
    observed.onLook = look.resolve;
    if (!holds()) await Promise.race([look.promise, late]);
  }
  patience.abort();
  return holds();
}
