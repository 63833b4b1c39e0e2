import type { Config } from '../config/config.ts';
import type { Logger } from '../log.ts';

/** What a command is given besides its arguments. */
export interface CommandContext {
  /** Read and checked when a command first asks: `schema` and `--help` need none. */
  config(): Config;
  logger(): Logger;
  /** A line on standard output: the command's result. */
  print(line: string): void;
  readonly stdout: NodeJS.WriteStream;
  /** Aborted by the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
}

/** One word behind `tessera`. */
export interface Command {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** The whole help text, arguments included. */
  readonly help: string;
  /**
   * Runs to its end.
   * @throws {StartupError} or {Refusal}: printed as a plain line.
   */
  run(context: CommandContext, args: readonly string[]): Promise<void>;
}
