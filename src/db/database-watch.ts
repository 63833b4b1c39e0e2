/** Somebody who counts what a database does; its calls are on every request's path. */
export interface DatabaseWatch {
  /** After a flight or a transaction. @param statements without those that open and close it. */
  onFlight(kind: 'read' | 'write', statements: number, durationMs: number): void;
  /** Where a turn has to be waited for. @returns what is called when the wait is over, whatever ended it. */
  onWait(): () => void;
}
