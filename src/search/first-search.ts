import type { Principal } from '../auth/principal.ts';
import { checkSearch } from './check-search.ts';
import { rowsToChooseFrom } from './choose-page.ts';
import { type PreparedSearch, prepareSearch } from './prepare-search.ts';
import type { SearchDeps } from './search.ts';
import type { SearchInput } from './search-input.ts';
import { firstReach } from './search-reach.ts';
import { type SentSearch, sentSearch, wantedFor } from './sent-search.ts';

/** A search before it is answered: what was found out for it, and what its first run sends. */
export interface FirstSearch extends SentSearch {
  readonly prepared: PreparedSearch;
}

/**
 * Makes the first run of a search as {@link search} makes it, by the same steps, and does not send it.
 * @param page.seen ends of the ids of items that earlier pages had, 12 hexadecimal digits each.
 * @throws what a search throws before it is sent.
 */
export async function firstSearch(
  deps: SearchDeps,
  principal: Principal,
  input: SearchInput,
  { first, seen = [] }: { readonly first?: number; readonly seen?: readonly string[] } = {},
): Promise<FirstSearch> {
  const { first: hits, after: _, ...request } = checkSearch(input, { first }, deps.embedder.model.dimensions);
  const prepared = await prepareSearch(deps, principal, request, undefined);
  const page = { seen, limit: rowsToChooseFrom(hits, request.diversity) };
  const reach = firstReach(wantedFor(request, prepared, page, hits + 1), deps.budgets);
  return { prepared, ...sentSearch(deps, principal.tenantId, request, prepared, page, reach) };
}
