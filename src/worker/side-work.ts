/** Work that goes on beside the batches, one piece at a time. */
export interface SideWork {
  /** Lets work go on by itself, unless some is. @returns whether it does; else whoever began it waits for it. */
  take(work: Promise<unknown>): boolean;
  /** Ends when the work that was taken has. */
  settled(): Promise<void>;
}

/** @param onFailure told why work that nobody waited for failed. */
export function createSideWork(onFailure: (error: unknown) => void): SideWork {
  let running: Promise<void> | undefined;
  return {
    take(work) {
      if (running) return false;
      running = work
        .then(() => {}, onFailure)
        .finally(() => {
          running = undefined;
        });
      return true;
    },
    settled: async () => running,
  };
}
