import { constants } from 'node:os';
import { StartupError } from '../errors.ts';

/**
 * What ends a command that was stopped in the middle of something, with the shell's exit code for it: 130 after SIGINT,
 * 143 after SIGTERM.
 */
export function interruption(signal: AbortSignal, message: string): StartupError {
  const name = signal.reason as 'SIGINT' | 'SIGTERM';
  return new StartupError(message, { exitCode: 128 + constants.signals[name] });
}
