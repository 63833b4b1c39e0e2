import { Refusal } from '../errors.ts';

/** How many rows one statement takes on: fewer after one that took longer than a statement may, and more again after that. */
export interface BatchSize {
  readonly most: number;
  /** @returns whether the same work may be tried with fewer: it took too long, and was not of a single row. */
  shrinksAfter(error: unknown): boolean;
  grow(): void;
  /** Does something with as many as fit into a statement's time. @throws what the step throws, of a single row also for its time. */
  run<Result>(step: (most: number) => Promise<Result>): Promise<Result>;
}

const factor = 8;

/** @param usual rows of a statement that takes no longer than expected. */
export function createBatchSize(usual: number): BatchSize {
  let most = usual;
  const size: BatchSize = {
    get most() {
      return most;
    },
    shrinksAfter(error) {
      if (most === 1 || !(error instanceof Refusal) || error.code !== 'STATEMENT_TIMEOUT') return false;
      most = Math.ceil(most / factor);
      return true;
    },
    // Slowly: each try that is too large costs all the time that a statement may take.
    grow() {
      most = Math.min(usual, Math.ceil(most * 1.25));
    },
    async run(step) {
      for (;;) {
        try {
          const result = await step(most);
          size.grow();
          return result;
        } catch (error) {
          if (!size.shrinksAfter(error)) throw error;
        }
      }
    },
  };
  return size;
}
