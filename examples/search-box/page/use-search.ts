import { useEffect, useState } from 'react';

export interface Hit {
  readonly id: string;
  readonly title: string;
  readonly url: string | null;
  readonly passage: string;
  readonly score: number;
}

/** Asks the gateway for the hits of a text. Rejects when the signal is aborted. */
export type AskForHits = (text: string, signal: AbortSignal) => Promise<readonly Hit[]>;

export interface SearchState {
  /** Those of the last answer: they stay while the next one is on its way. */
  readonly hits: readonly Hit[];
  readonly isSearching: boolean;
  /** A sentence for people; undefined where nothing went wrong. */
  readonly problem: string | undefined;
}

const idle: SearchState = { hits: [], isSearching: false, problem: undefined };

/**
 * Search as you type. Asks once nothing was typed for `delayMs`, and takes back what is still on its way when more is typed:
 * the gateway then cancels it in the database, and answers never come out of order.
 * @param ask must be the same function each time, or every rendering asks again.
 */
export function useSearch(text: string, ask: AskForHits, delayMs = 150): SearchState {
  const [state, setState] = useState(idle);
  useEffect(() => {
    if (text.trim() === '') {
      setState(idle);
      return;
    }
    const request = new AbortController();
    const timer = setTimeout(async () => {
      setState((before) => ({ ...before, isSearching: true }));
      try {
        const hits = await ask(text, request.signal);
        if (!request.signal.aborted) setState({ hits, isSearching: false, problem: undefined });
      } catch (error) {
        if (request.signal.aborted) return;
        const problem = error instanceof Error ? error.message : String(error);
        setState((before) => ({ ...before, isSearching: false, problem }));
      }
    }, delayMs);
    return () => {
      clearTimeout(timer);
      request.abort();
    };
  }, [text, ask, delayMs]);
  return state;
}
