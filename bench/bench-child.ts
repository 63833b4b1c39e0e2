import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

/** A server in a process of its own, which tells what it has used. */
export interface BenchChild {
  /** Such as `http://127.0.0.1:4000`. */
  readonly url: string;
  /** Processor time that the process has used so far, in milliseconds, kernel included. */
  cpuMs(): Promise<number>;
  close(): Promise<void>;
}

export interface BenchChildOptions {
  readonly env: NodeJS.ProcessEnv;
  /** Flags for Node, such as a profiler's. */
  readonly execArgv?: readonly string[];
  /** Sent to it at its start. */
  readonly message?: object;
}

/** Starts a script beside this one that calls `serveParent`. Resolves when it listens. */
export async function startChild(
  script: string,
  { env, execArgv = [], message }: BenchChildOptions,
): Promise<BenchChild> {
  const child = fork(new URL(script, import.meta.url), {
    execArgv: [...execArgv],
    env: { PATH: process.env.PATH, NODE_ENV: 'production', ...env },
    serialization: 'advanced',
  });
  if (message) child.send(message);
  const { url } = await answerOf<{ url: string }>(child);
  return {
    url,
    cpuMs: async () => {
      child.send('usage');
      const { cpu } = await answerOf<{ cpu: NodeJS.CpuUsage }>(child);
      return (cpu.user + cpu.system) / 1_000;
    },
    close: async () => {
      const ended = once(child, 'exit');
      child.disconnect();
      await ended;
    },
  };
}

/** The child's side: says where it listens and what it has used, and ends when its parent wants no more. */
export function serveParent(url: string, close: () => Promise<void>): void {
  process.on('message', (message) => {
    if (message === 'usage') process.send?.({ cpu: process.cpuUsage() });
  });
  process.on('disconnect', close);
  process.send?.({ url });
}

async function answerOf<Answer>(child: ChildProcess): Promise<Answer> {
  const settled = new AbortController();
  const { signal } = settled;
  try {
    const [answer] = await Promise.race([
      once(child, 'message', { signal }),
      once(child, 'exit', { signal }).then(([code]) => {
        throw new Error(`The server's process ended with code ${code}.`);
      }),
    ]);
    return answer as Answer;
  } finally {
    settled.abort();
  }
}
