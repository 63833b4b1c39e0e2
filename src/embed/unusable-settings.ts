import { StartupError } from '../errors.ts';

/** Settings of an embedder that no call could succeed with. The reason names no secret. Exit code 78. */
export function unusableSettings(reason: string, options: ErrorOptions = {}): StartupError {
  return new StartupError(`The embedding provider cannot be used as configured: ${reason}.`, {
    ...options,
    exitCode: 78,
  });
}
