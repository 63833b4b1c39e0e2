import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inject } from 'vitest';
import { openLogArchive } from '../support/log-archive.ts';

const programPath = fileURLToPath(new URL('../../bin/tessera.js', import.meta.url));
const patienceMs = 25_000;

export interface Finished {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that runs. */
export interface Program {
  readonly pid: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Resolves with the match when the output holds it; rejects with all output when the program ends before. */
  waitFor(stream: 'stdout' | 'stderr', pattern: RegExp): Promise<RegExpExecArray>;
  readonly finished: Promise<Finished>;
  kill(signal?: NodeJS.Signals): Promise<Finished>;
}

/** Standard error is a command's log; standard output is its result, which may be a token. */
const archive = openLogArchive(inject('logArchive'));
const running = new Set<ChildProcess>();
const folders: string[] = [];

/** Starts `tessera` with nothing in its environment but what is given. */
export function start(args: readonly string[], env: Record<string, string> = {}): Program {
  return startFile(programPath, env, args);
}

/** Starts a file of ours with nothing in its environment but what is given. */
export function startFile(path: string, env: Record<string, string> = {}, args: readonly string[] = []): Program {
  const { PATH = '' } = process.env;
  const child = spawn(process.execPath, [path, ...args], {
    cwd: tmpdir(),
    env: { PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  const output = { stdout: '', stderr: '' };
  const watchers = new Set<() => void>();
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      output[stream] += text;
      for (const look of watchers) look();
    });
  }
  const finished = new Promise<Finished>((resolve) => {
    child.on('close', (status) => {
      running.delete(child);
      if (output.stderr !== '') archive.addLog(output.stderr);
      resolve({ status, ...output });
      for (const look of watchers) look();
    });
  });
  return {
    pid: child.pid ?? 0,
    get stdout() {
      return output.stdout;
    },
    get stderr() {
      return output.stderr;
    },
    waitFor: (stream, pattern) =>
      new Promise((resolve, reject) => {
        const fail = (why: string) =>
          end(() => reject(new Error(`${why} before ${pattern}: ${JSON.stringify(output)}`)));
        const timer = setTimeout(() => fail('Nothing more came'), patienceMs);
        const end = (settle: () => void) => {
          clearTimeout(timer);
          watchers.delete(look);
          settle();
        };
        const look = () => {
          const match = pattern.exec(output[stream]);
          if (match) end(() => resolve(match));
          else if (!running.has(child)) fail('The program ended');
        };
        watchers.add(look);
        look();
      }),
    finished,
    kill: (signal = 'SIGTERM') => {
      child.kill(signal);
      return finished;
    },
  };
}

/** Runs a command to its end. */
export function run(args: readonly string[], env: Record<string, string> = {}): Promise<Finished> {
  return start(args, env).finished;
}

/** A folder that {@link cleanUp} removes. */
export async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tessera-cli-'));
  folders.push(folder);
  return folder;
}

/** For `afterAll`: ends what a failed test left running. */
export async function cleanUp(): Promise<void> {
  for (const child of running) child.kill('SIGKILL');
  await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true, force: true })));
}

/** Asks again and again until the answer is not undefined. */
export async function until<Value>(ask: () => Promise<Value | undefined>): Promise<Value> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const value = await ask();
    if (value !== undefined) return value;
    if (performance.now() > deadline) throw new Error('The condition did not come true.');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** A folder that cannot be made, because a file is in the way. */
export const impossibleFolder = `${programPath}/folder`;

/** Listens on a free port of this machine, answering everything with `body`. */
export async function startStranger(body: string): Promise<{ port: number; close(): Promise<void> }> {
  const server = createServer((_request, response) => response.end(body));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const close = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { port, close };
}

export interface Answer {
  readonly data?: Record<string, unknown> | null;
  readonly errors?: readonly { readonly message: string }[];
}

/** Sends a GraphQL query to a server. */
export async function ask(url: string, token: string, query: string): Promise<Answer> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ query }),
  });
  return (await response.json()) as Answer;
}
