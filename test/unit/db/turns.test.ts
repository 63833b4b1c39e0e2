import { describe, expect, it } from 'vitest';
import { createTurns, type Leave, type Turn, type Turns } from '../../../src/db/turns.ts';

/** A clock that a test sets, and turns by it. */
function open(slots: number, share: number, patienceMs?: number) {
  const clock = { nowMs: 0 };
  const turns = createTurns({ slots, share, now: () => clock.nowMs, ...(patienceMs !== undefined && { patienceMs }) });
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
});
