import { setTimeout as wait } from 'node:timers/promises';
import type { Random } from '../../bench/random.ts';
import { dataOf, readAnswer } from '../support/graphql-answer.ts';

/** What an answer came after. */
export interface Settled<Data> {
  readonly data: Data;
  /** Whether an earlier try may have been done although nothing was heard of it. */
  readonly isUnsure: boolean;
}

/** Counts of what a run met, by name. */
export class Tally {
  readonly counts = new Map<string, number>();

  add(name: string, count = 1): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + count);
  }

  get(name: string): number {
    return this.counts.get(name) ?? 0;
  }

  toString(): string {
    return [...this.counts].map(([name, count]) => `${name} ${count}`).join(', ');
  }
}

export interface Sender {
  /**
   * Sends one request until it is answered: through lost connections, refusals for want of a database, and gateways that are not
   * there. Everything else that is not an answer is a fault of the product.
   * @throws when the answer is another error, or nothing is answered for minutes.
   */
  send<Data>(token: string, query: string, variables: Record<string, unknown>): Promise<Settled<Data>>;
}

/** Refusals that a crash of the database excuses, and after which the same request is sent again. */
const excused = new Set(['DATABASE_UNAVAILABLE', 'OUTCOME_UNKNOWN', 'REQUEST_TIMEOUT', 'STATEMENT_TIMEOUT']);
/** Those that say that nothing was changed, and are taken at their word. */
const changedNothing = new Set(['DATABASE_UNAVAILABLE', 'STATEMENT_TIMEOUT']);
const answerTimeoutMs = 15_000;
const longestImpatienceMs = 200;
const patienceMs = 180_000;
const pauseMs = 50;

/**
 * @param random decides whose connection is lost beside the kills, most of which come before a commit: one request in twenty is
 *   given up a moment after it was sent, and one answer in twenty is not heard. Both are sent again.
 */
export function createSender(url: string, tally: Tally, random: Random): Sender {
  return {
    async send<Data>(token: string, query: string, variables: Record<string, unknown>) {
      const deadline = performance.now() + patienceMs;
      let isUnsure = false;
      let timeoutMs = random.below(20) === 0 ? 1 + random.below(longestImpatienceMs) : answerTimeoutMs;
      let isDeaf = random.below(20) === 0;
      for (;;) {
        const heard = await ask<Data>(`${url}/graphql`, token, query, variables, timeoutMs);
        const answer = isDeaf ? 'lost' : heard;
        timeoutMs = answerTimeoutMs;
        isDeaf = false;
        if (answer === 'lost') {
          isUnsure = true;
          tally.add('lost answers');
        } else if (answer === 'refused connection') {
          tally.add('refused connections');
        } else {
          const codes = answer.errors.map(({ extensions }) => String(extensions?.code));
          if (codes.length === 0 || !codes.every((code) => excused.has(code))) {
            return { data: dataOf(answer), isUnsure };
          }
          for (const code of new Set(codes)) tally.add(code);
          if (codes.some((code) => !changedNothing.has(code))) isUnsure = true;
        }
        tally.add('retries');
        if (performance.now() > deadline) {
          const heardLast = typeof answer === 'string' ? answer : answer.errors[0]?.message;
          throw new Error(`A request was not answered for three minutes, the last time for: ${heardLast} (${tally})`);
        }
        await wait(pauseMs);
      }
    },
  };
}

async function ask<Data>(
  url: string,
  token: string,
  query: string,
  variables: Record<string, unknown>,
  timeoutMs: number,
) {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({ query, variables }),
      signal: AbortSignal.timeout(timeoutMs),
    });
    return await readAnswer<Data>(response);
  } catch (error) {
    const { code } = ((error as Error).cause ?? {}) as NodeJS.ErrnoException;
    // Nobody listened, so nobody heard it.
    return code === 'ECONNREFUSED' ? 'refused connection' : 'lost';
  }
}
