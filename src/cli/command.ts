import type { Config } from '../config/config.ts';
import type { Logger } from '../log.ts';

/** What a command is given besides its arguments. */
export interface CommandContext {
  /** Read and checked when a command first asks: `schema` and `--help` need none. */
  config(): Config;
  logger(): Logger;
  /** A line on standard output: the command's result. */
  print(line: string): void;
  /** A line on standard error: what a person should know and a program that reads the result should not. */
  note(line: string): void;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  /** Aborted by the first SIGINT or SIGTERM, whose name is the reason. */
  readonly signal: AbortSignal;
}

/** One word behind `tessera`. */
export interface Command {
  readonly name: string;
  /** The whole help text; its first line is the usage. */
  readonly help: string;
  /**
   * Runs to its end.
   * @throws {StartupError} or {Refusal}: printed as a plain line.
   */
  run(context: CommandContext, args: readonly string[]): Promise<void>;
}
