import type { Principal } from '../auth/principal.ts';
import { sqlstateOf } from '../db/sqlstate.ts';
import type { Embedder } from '../embed/embedder.ts';
import { EmbedderError } from '../embed/embedder-error.ts';
import type { TenantId } from '../ids.ts';
import type { SearchDeps } from './search.ts';
import type { SearchMode } from './search-input.ts';

/** Which model a tenant is searched by, said by the database; and the second one of this process, where it has two. */
export interface ModelChoice {
  readonly other?: Pick<SearchDeps, 'embedder' | 'modelId'>;
  /** The tenant's active model, as it was last read; null for a tenant without any. */
  activeModel(principal: Principal): Promise<number | null>;
  /** Has it read anew. */
  forget(tenantId?: TenantId): void;
}

type ModelDeps = Pick<SearchDeps, 'embedder' | 'modelId' | 'choice'>;

/** A tenant may be cut over between two readings. Twice in a row somebody is at it by hand. */
const mostTries = 3;

/**
 * Runs a search by the tenant's active model. What is remembered of that may be old: the statement itself refuses a model that
 * is not active, and the search is planned again by the right one. Where one model is configured there is nothing to choose.
 * @throws {EmbedderError} `EMBEDDER_UNAVAILABLE` for a search by meaning where this process does not have the model.
 */
export async function withActiveModel<Deps extends ModelDeps, Result>(
  deps: Deps,
  principal: Principal,
  mode: SearchMode | null | undefined,
  run: (on: Deps) => Promise<Result>,
): Promise<Result> {
  const { choice } = deps;
  if (!choice) return run(deps);
  let on = choice.other ? await choose(deps, choice, principal, mode) : deps;
  for (let tries = 1; ; tries++) {
    try {
      return await run(on);
    } catch (error) {
      if (tries === mostTries || !isModelChanged(error)) throw error;
      choice.forget(principal.tenantId);
      on = await choose(deps, choice, principal, mode);
    }
  }
}

/** Each embedder that a search may use, in another form. */
export function mapEmbedders<Deps extends ModelDeps>({ embedder, choice }: Deps, change: (one: Embedder) => Embedder) {
  const other = choice?.other && { ...choice.other, embedder: change(choice.other.embedder) };
  return { embedder: change(embedder), ...(choice && { choice: { ...choice, ...(other && { other }) } }) };
}

/** True for what `require_active_model` raises. */
function isModelChanged(error: unknown): boolean {
  return sqlstateOf(error) === 'TS003';
}

async function choose<Deps extends ModelDeps>(
  deps: Deps,
  choice: ModelChoice,
  principal: Principal,
  mode: SearchMode | null | undefined,
): Promise<Deps> {
  const { other } = choice;
  const modelId = await choice.activeModel(principal);
  if (modelId === null || modelId === deps.modelId) return deps;
  if (modelId === other?.modelId) return { ...deps, ...other };
  if (mode === 'KEYWORD') return { ...deps, modelId };
  throw new EmbedderError(
    'EMBEDDER_UNAVAILABLE',
    "The tenant's vectors are of a model that this gateway is not configured for. Search in mode KEYWORD until it is.",
    { fault: 'configuration' },
  );
}
