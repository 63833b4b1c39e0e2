import type { Config } from '../config/config.ts';
import { loadConfig } from '../config/load-config.ts';
import { Refusal, StartupError } from '../errors.ts';
import { createLogger, type Logger } from '../log.ts';
import type { Command, CommandContext } from './command.ts';
import { serve } from './serve.ts';

const commands: readonly Command[] = [serve];

/**
 * Runs one command of the command line.
 * @returns the process's exit code: 0, 1 for a failure, 64 for a wrong call, 78 for wrong settings.
 */
export async function main(argv: readonly string[]): Promise<number> {
  const [name = '--help', ...args] = argv;
  if (name === '--help' || name === '-h' || name === 'help') return help(args[0]);
  const command = commands.find((one) => one.name === name);
  if (!command) {
    console.error(`tessera: there is no command "${name}". "tessera --help" lists them.`);
    return 64;
  }
  if (args.includes('--help') || args.includes('-h')) return help(name);
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  try {
    await command.run(createContext(stop.signal), args);
    return 0;
  } catch (error) {
    return explain(error);
  }
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
      logger ??= createLogger({ level, format: mode === 'embedded' ? 'human' : 'json' });
      return logger;
    },
    print: (line) => console.log(line),
    stdout: process.stdout,
    signal,
  };
}

function help(name: string | undefined): number {
  const command = commands.find((one) => one.name === name);
  if (command) {
    console.log(command.help);
    return 0;
  }
  console.log('tessera <command>\n');
  for (const { name: word, summary } of commands) console.log(`  ${word.padEnd(9)} ${summary}`);
  console.log('\n"tessera <command> --help" says more. Settings come from the environment; see .env.example.');
  return 0;
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
