import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

/** A command of Tessera's that runs for the whole soak. */
export interface SoakProcess {
  /** Memory that it holds now, in MiB, as the kernel counts it. */
  rssMb(): Promise<number>;
  /** Ends it in good order. @throws when it has ended before. */
  stop(): Promise<void>;
}

const program = fileURLToPath(new URL('../bin/tessera.js', import.meta.url));

/** Starts a command and waits until its log says that it is up. @throws when it ends before. */
export async function startProcess(command: string, env: Record<string, string>, isUp: RegExp): Promise<SoakProcess> {
  const child = spawn(process.execPath, [program, command], {
    env: { PATH: process.env.PATH, NODE_ENV: 'production', ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  process.once('exit', () => child.kill('SIGKILL'));
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  let log = '';
  await new Promise<void>((resolve, reject) => {
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      // The end is all that is wanted where it fails.
      log = (log + text).slice(-10_000);
      if (isUp.test(log)) resolve();
    });
    void ended.then((status) => reject(new Error(`tessera ${command} ended with ${status}: ${log}`)));
  });
  return {
    rssMb: async () => {
      const status = await readFile(`/proc/${child.pid}/status`, 'utf8');
      return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? Number.NaN) / 1_024;
    },
    stop: async () => {
      if (child.exitCode !== null) throw new Error(`tessera ${command} ended with ${child.exitCode}: ${log}`);
      child.kill('SIGTERM');
      await ended;
    },
  };
}
