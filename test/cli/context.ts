import type { CommandContext } from '../../src/cli/command.ts';

/** A command's context without settings, and what the command printed. */
export function createTestContext(): CommandContext & { readonly printed: string[]; readonly noted: string[] } {
  const printed: string[] = [];
  const noted: string[] = [];
  const none = () => {
    throw new Error('The command read its settings before its arguments.');
  };
  return {
    config: none,
    logger: none,
    print: (line) => printed.push(line),
    note: (line) => noted.push(line),
    stdout: process.stdout,
    stderr: process.stderr,
    signal: new AbortController().signal,
    printed,
    noted,
  };
}
