import { readFile } from 'node:fs/promises';
import type { Config } from '../config/config.ts';
import { loadConfig } from '../config/load-config.ts';
import { Refusal, StartupError } from '../errors.ts';
import { createLogger, type Logger } from '../log.ts';
import { UsageError } from './arguments.ts';
import type { Command, CommandContext } from './command.ts';
import { commands } from './commands.ts';

/**
 * Runs one command of the command line.
 * @returns the process's exit code: 0, 1 for a failure, 64 for a wrong call, 78 for wrong settings, 130 after Ctrl+C in
 *   the middle of something.
 */
export async function main(argv: readonly string[]): Promise<number> {
  const [name = '--help', ...args] = argv;
  // Whoever reads the output may stop before its end, as `head` does.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  try {
    if (name === '--version') console.log(await readVersion());
    else if (name === '--help' || name === '-h' || name === 'help') await printHelp(args[0]);
    else if (args.includes('--help') || args.includes('-h')) await printHelp(name);
    else await (await loadCommand(name)).run(createContext(stopSignal()), args);
    return 0;
  } catch (error) {
    return explain(error);
  }
}

async function loadCommand(name: string): Promise<Command> {
  const entry = commands.find((one) => one.name === name);
  if (entry) return entry.load();
  throw new UsageError(
    `There is no command "${name}". Commands are ${commands.map((one) => one.name).join(', ')}; "tessera --help" explains them.`,
  );
}

async function printHelp(name: string | undefined): Promise<void> {
  if (name !== undefined) {
    console.log((await loadCommand(name)).help);
    return;
  }
  console.log('tessera <command>\n');
  for (const { name: word, summary } of commands) console.log(`  ${word.padEnd(8)} ${summary}`);
  console.log('\n"tessera <command> --help" says more. Settings come from the environment; .env.example lists them.');
}

async function readVersion(): Promise<string> {
  const text = await readFile(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/** The first signal asks for an orderly end; the second, with no listener left, ends the process at once. */
function stopSignal(): AbortSignal {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort(name));
  return stop.signal;
}

function createContext(signal: AbortSignal): CommandContext {
  let config: Config | undefined;
  let logger: Logger | undefined;
  const readConfig = () => {
    config ??= loadConfig(process.env);
    return config;
  };
  return {
    config: readConfig,
    logger: () => {
      const { logLevel: level, mode } = readConfig();
      const format = mode === 'embedded' || process.stderr.isTTY ? 'human' : 'json';
      logger ??= createLogger({ level, format });
      return logger;
    },
    print: (line) => console.log(line),
    note: (line) => console.error(line),
    stdout: process.stdout,
    stderr: process.stderr,
    signal,
  };
}

/** Faults that a person can mend are plain lines; anything else is a bug and keeps its stack. */
function explain(error: unknown): number {
  if (error instanceof StartupError || error instanceof Refusal) {
    console.error(`tessera: ${error.message}`);
    return error instanceof StartupError ? error.exitCode : 1;
  }
  console.error(error);
  return 1;
}
