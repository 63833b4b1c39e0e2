import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createTurns, type Leave, type Turn, type Turns } from '../../../src/db/turns.ts';

/** A clock that a test sets, and turns by it. */
function open(slots: number, share: number, patienceMs?: number) {
  const clock = { nowMs: 0 };
  const given = patienceMs !== undefined && { patienceMs };
  const turns = createTurns({ slots, share, now: () => clock.nowMs, ...given });
  return { clock, turns };
}

/** Asks for a turn and notes by what name it was given. */
function ask(turns: Turns, tenant: string | undefined, served: string[], change: Partial<Turn> = {}): Promise<Leave> {
  return Promise.resolve(turns.enter({ tenant, reads: true, ...change })).then((leave) => {
    served.push(tenant ?? 'nobody');
    return leave;
  });
}

/** Lets whatever was decided happen. */
const settle = () => new Promise(setImmediate);

describe('turns', () => {
  it('are given at once while there is room', () => {
    const { turns } = open(3, 1);
    expect(turns.enter({ tenant: 'a', reads: true })).toBeInstanceOf(Function);
    expect(turns.enter({ tenant: 'b', reads: true })).toBeInstanceOf(Function);
    expect(turns.enter({ tenant: undefined, reads: true })).toBeInstanceOf(Function);
    expect(turns.enter({ tenant: 'c', reads: true })).toBeInstanceOf(Promise);
  });

  it('are all a tenant’s that is alone', () => {
    const { turns } = open(3, 1);
    for (let i = 0; i < 3; i++) expect(turns.enter({ tenant: 'a', reads: true })).toBeInstanceOf(Function);
    expect(turns.enter({ tenant: 'a', reads: true })).toBeInstanceOf(Promise);
  });

  it('leave room for another tenant while it is about, and no longer', async () => {
    const { turns, clock } = open(4, 2);
    const served: string[] = [];
    (await ask(turns, 'quiet', served))();
    const leaves = [await ask(turns, 'loud', served), await ask(turns, 'loud', served)];
    const third = ask(turns, 'loud', served);
    await settle();
    expect(served).toEqual(['quiet', 'loud', 'loud']);
    // The other one finds room, though the loud one waits.
    (await ask(turns, 'quiet', served))();
    clock.nowMs = 10_001;
    leaves[0]!();
    await third;
    expect(turns.enter({ tenant: 'loud', reads: true })).toBeInstanceOf(Function);
    expect(turns.enter({ tenant: 'loud', reads: true })).toBeInstanceOf(Function);
  });

  it('go around the tenants that wait, however many each has waiting', async () => {
    const { turns } = open(1, 1);
    const served: string[] = [];
    const first = await ask(turns, 'z', served);
    const waiting = ['a', 'a', 'a', 'a', 'b', 'b', 'c'].map((tenant) =>
      ask(turns, tenant, served).then((leave) => leave()),
    );
    first();
    await Promise.all(waiting);
    expect(served.join('')).toBe('zabcabaa');
  });

  it('of reads do not wait for writes of the same tenant', async () => {
    const { turns } = open(4, 1);
    const served: string[] = [];
    (await ask(turns, 'other', served))();
    await ask(turns, 'a', served, { reads: false });
    expect(turns.enter({ tenant: 'a', reads: false })).toBeInstanceOf(Promise);
    expect(turns.enter({ tenant: 'a', reads: true })).toBeInstanceOf(Function);
  });

  it('of nobody’s work are not bounded by a share', () => {
    const { turns } = open(3, 1);
    expect(turns.enter({ tenant: 'a', reads: true })).toBeInstanceOf(Function);
    for (let i = 0; i < 2; i++) expect(turns.enter({ tenant: undefined, reads: true })).toBeInstanceOf(Function);
  });

  it('are given up by whoever is aborted, and the next one has it', async () => {
    const { turns } = open(1, 1);
    const served: string[] = [];
    const leave = await ask(turns, 'a', served);
    const controller = new AbortController();
    const gone = ask(turns, 'b', served, { signal: controller.signal });
    const next = ask(turns, 'c', served);
    controller.abort(new Error('The client went away.'));
    await expect(gone).rejects.toThrow('The client went away.');
    leave();
    (await next)();
    expect(served).toEqual(['a', 'c']);
    // Aborted later, it changes nothing.
    expect(turns.enter({ tenant: 'd', reads: true })).toBeInstanceOf(Function);
  });

  it('are waited for as long as it takes where others are free and only the share is used up', async () => {
    const { turns } = open(3, 1, 1);
    const served: string[] = [];
    (await ask(turns, 'other', served))();
    const leave = await ask(turns, 'a', served);
    const waiting = ask(turns, 'a', served);
    await new Promise((resolve) => setTimeout(resolve, 20));
    leave();
    await waiting;
    expect(served).toEqual(['other', 'a', 'a']);
  });

  it('are waited for in vain for a bounded time', async () => {
    const { turns } = open(1, 1, 5);
    const leave = (await turns.enter({ tenant: 'a', reads: true })) as Leave;
    await expect(turns.enter({ tenant: 'b', reads: true })).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
    leave();
    expect(turns.enter({ tenant: 'b', reads: true })).toBeInstanceOf(Function);
  });

  describe('of a queue, beside a tenant that keeps up', () => {
    const turnMs = 10;

    beforeEach(() => {
      vi.useFakeTimers();
    });
    afterEach(() => {
      vi.useRealTimers();
    });

    /** A loud tenant asks for `count` turns of 10 ms, so many at once; a quiet one for one every 10 ms, and never waits. */
    async function contend(queueShare: number, { count = 500, atOnce = 500, quiet = true, forMs = 5_000 } = {}) {
      const turns = createTurns({ slots: 4, share: 1, queueShare });
      const end = new AbortController();
      const waited: Promise<void>[] = [];
      let [asked, served] = [0, 0];
      const askAloud = () => {
        if (asked++ >= count) return;
        const turn = ask(turns, 'loud', [], { signal: end.signal });
        const hold = (leave: Leave) => {
          served++;
          setTimeout(() => {
            leave();
            askAloud();
          }, turnMs);
        };
        waited.push(turn.then(hold, (reason: unknown) => expect(reason).toBe(end.signal.reason)));
      };
      if (quiet) ((await turns.enter({ tenant: 'quiet', reads: true })) as Leave)();
      for (let i = 0; i < atOnce; i++) askAloud();
      for (let nowMs = 0; nowMs < forMs && served < count; nowMs += turnMs) {
        if (quiet) {
          const turn = turns.enter({ tenant: 'quiet', reads: true });
          expect(turn).toBeInstanceOf(Function);
          (turn as Leave)();
        }
        await vi.advanceTimersByTimeAsync(turnMs);
      }
      end.abort();
      await Promise.all(waited);
      return served;
    }

    it('are bounded by a part of the time, behind those that a page may ask for at once', async () => {
      const bounded = await contend(0.1, { forMs: 2_000 });
      // 250 ms at once, and a tenth of 2,000 ms.
      expect(bounded).toBeGreaterThanOrEqual(30);
      expect(bounded).toBeLessThanOrEqual(60);
    });

    it('are bounded less the fewer wait, and not at all where a few requests meet', async () => {
      const [few, some, many] = [
        await contend(0.2, { atOnce: 5, forMs: 2_000 }),
        await contend(0.2, { atOnce: 17, forMs: 2_000 }),
        await contend(0.2, { atOnce: 40, forMs: 2_000 }),
      ];
      expect(few).toBeGreaterThan(150);
      expect(some).toBeLessThan(few * 0.75);
      expect(many).toBeLessThan(some * 0.75);
    });

    it('are not bounded where all of the time is the part', async () => {
      expect(await contend(1, { forMs: 2_000 })).toBeGreaterThan(150);
    });

    it('are not bounded where nobody else asks', async () => {
      expect(await contend(0.1, { quiet: false, count: 100 })).toBe(100);
    });
  });
});
