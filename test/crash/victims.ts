import { setTimeout as wait } from 'node:timers/promises';
import { type Program, start } from '../cli/program.ts';
import type { DurablePostgres } from './durable-postgres.ts';

export const victimKinds = ['gateway', 'worker', 'postgres'] as const;
export type VictimKind = (typeof victimKinds)[number];

/** Something that is killed without warning and comes back by itself, as under a supervisor. */
export interface Victim {
  readonly kind: VictimKind;
  /** SIGKILL, whatever it is doing. Resolves when it is dead. @returns false where it was dead already. */
  kill(): Promise<boolean>;
  /** Resolves when it is up; rejects with what ended the supervision. */
  whenUp(): Promise<void>;
  /** Deaths that nobody caused, after it was up: there may be none. */
  readonly ownDeaths: readonly string[];
  /** Ends it for good, in good order where it can. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

const pauseMs = 100;

/** A command that is started again whenever it ends. Before it is up it may fail: PostgreSQL may be away. */
export function superviseProgram(
  kind: Exclude<VictimKind, 'postgres'>,
  command: string,
  env: Record<string, string>,
  isUp: RegExp,
): Victim {
  const ownDeaths: string[] = [];
  let up = Promise.withResolvers<void>();
  let current: Program | undefined;
  let isKilled = false;
  let isStopping = false;
  const done = supervise();

  async function supervise(): Promise<void> {
    while (!isStopping) {
      isKilled = false;
      const program = start([command], env);
      current = program;
      const wasUp = await program.waitFor('stderr', isUp).then(
        () => true,
        () => false,
      );
      if (wasUp) up.resolve();
      // One that hangs without ever being up is found by whoever waits for it.
      const { status, stderr } = await program.finished;
      current = undefined;
      // Whoever waits for one that never was up waits for the next.
      if (wasUp) up = Promise.withResolvers<void>();
      if (wasUp && !isKilled && !isStopping) ownDeaths.push(`status ${status}: ${stderr.slice(-1_000)}`);
      if (!isStopping) await wait(pauseMs);
    }
  }

  return {
    kind,
    ownDeaths,
    whenUp: () => up.promise,
    kill: async () => {
      if (!current) return false;
      isKilled = true;
      await current.kill('SIGKILL');
      return true;
    },
    stop: async (signal = 'SIGTERM') => {
      isStopping = true;
      await current?.kill(signal);
      await done;
    },
  };
}

/** The database server: up as soon as it runs, for clients must bear its recovery. */
export function supervisePostgres(postgres: DurablePostgres): Victim {
  let up = Promise.resolve();
  return {
    kind: 'postgres',
    ownDeaths: [],
    whenUp: () => up,
    kill: async () => {
      await up;
      await postgres.kill();
      up = wait(pauseMs).then(() => postgres.start());
      return true;
    },
    stop: async () => {
      await up.catch(() => {});
    },
  };
}
