import type { GraphQLDeps } from '../graphql/context.ts';
import { QuotaExceededError } from '../quota.ts';

/** Seconds after which to ask again where only deleting helps, and nobody knows when somebody does. */
const storageRetrySeconds = 60;

/** The same dependencies, but writes that are refused over a limit are noted; all or nothing of a write is refused. */
export function noteRefusedWrites(deps: GraphQLDeps, refused: QuotaExceededError[]): GraphQLDeps {
  return {
    ...deps,
    checkWrite: (principal, added, execute) =>
      deps.checkWrite(principal, added, execute).catch((error: unknown) => {
        if (error instanceof QuotaExceededError) refused.push(error);
        throw error;
      }),
  };
}

/**
 * The HTTP status and header of an answer whose every field is a write that was refused over a limit; undefined for any other, which
 * says what was done.
 */
export function httpOfRefusedWrites(data: object | null | undefined, refused: readonly QuotaExceededError[]) {
  const fields = Object.values(data ?? {}).filter((value) => typeof value !== 'string');
  if (refused.length === 0 || fields.length !== refused.length) return undefined;
  const seconds = refused.map(({ resetsAt }) =>
    resetsAt ? Math.max(1, Math.ceil((resetsAt.getTime() - Date.now()) / 1_000)) : storageRetrySeconds,
  );
  return { status: 429, headers: { 'retry-after': String(Math.max(...seconds)) } };
}
