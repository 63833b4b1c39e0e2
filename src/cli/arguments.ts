import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { StartupError } from '../errors.ts';

/** A command was called wrongly. Exit code 64 (EX_USAGE of sysexits.h). */
export class UsageError extends StartupError {
  constructor(message: string, options: ErrorOptions = {}) {
    super(message, { ...options, exitCode: 64 });
  }
}

/** Makes the error of a wrong call: what was wrong, then what is allowed, in one line. */
export type Refuse = (sentence: string) => UsageError;

/**
 * Reads a command's arguments.
 * @param usage how the command is called, for the message.
 * @returns the options' texts, the words without an option, and what to throw when one of them is not usable.
 * @throws {UsageError} for an option that the command does not have, or that lacks its value.
 */
export function readArguments<const Options extends ParseArgsOptionsConfig>(
  usage: string,
  options: Options,
  args: readonly string[],
) {
  const refuse: Refuse = (sentence) => new UsageError(`${sentence} Usage: ${usage}`);
  try {
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
    return { values, positionals, refuse };
  } catch (error) {
    // Node adds advice in further sentences, on further lines.
    const [fault = ''] = error instanceof Error ? error.message.split(/\.?\n|\.\s/) : [];
    throw refuse(`${fault}.`);
  }
}

/** @throws {UsageError} when there is a word that no option asked for. */
export function refuseWords([word]: readonly string[], refuse: Refuse): void {
  if (word !== undefined) throw refuse(`"${word}" is not expected here.`);
}
