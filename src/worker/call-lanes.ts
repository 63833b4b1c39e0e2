/** Calls to one provider, so many at a time. */
export interface CallLanes {
  /** Calls that may be under way at a time. */
  readonly most: number;
  readonly isIdle: boolean;
  /** When a call may begin. */
  free(): Promise<void>;
  /** Lets a call that does not reject occupy a lane until it ends. */
  take(call: Promise<unknown>): void;
  /** When one of the calls that are under way has ended. */
  ended(): Promise<void>;
}

/** @param most from 1. */
export function createCallLanes(most: number): CallLanes {
  const underWay = new Set<Promise<void>>();
  const ended = () => Promise.race(underWay);
  return {
    most,
    get isIdle() {
      return underWay.size === 0;
    },
    async free() {
      while (underWay.size >= most) await ended();
    },
    take(call) {
      const lane = call.then(() => {
        underWay.delete(lane);
      });
      underWay.add(lane);
    },
    ended,
  };
}
