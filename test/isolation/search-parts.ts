import { bareId, checkNodes, nodeFields } from './document-nodes.ts';
import type { Draws } from './draws.ts';
import { anyFilter } from './filters.ts';
import { filtered, isStandIn, type ModelDocument, wordsOf } from './model.ts';
import { fieldOf, type Part, type Report, show } from './part.ts';
import { type PlainQuery, plainQuery } from './plain-query.ts';
import type { Caller, World } from './world.ts';
import { visible } from './world.ts';

const failure = '... on Error { code message }';

/** The selection of a search for a caller. */
export function hitFields(caller: Caller): string {
  return `mode edges { cursor chunk { id text } freshness { stale } node { ${nodeFields(caller)} } } pageInfo { hasNextPage }`;
}

/** Documents that a search by words, by meaning or by both must find, of those that it may. */
export function matchingText(mode: unknown, query: PlainQuery, among: readonly ModelDocument[]): Expected {
  const permitted = among.filter((document) => {
    const words = wordsOf(document);
    return query.required.every((word) => words.has(word)) && !query.excluded.some((word) => words.has(word));
  });
  const { must, may } = withVectors(permitted);
  if (mode === 'SEMANTIC') return { must, may };
  const hasWord = (document: ModelDocument) => query.words.some((word) => wordsOf(document).has(word));
  if (mode === 'KEYWORD') return { must: permitted.filter(hasWord), may: [] };
  return {
    must: permitted.filter((document) => hasWord(document) || must.includes(document)),
    may: permitted.filter((document) => !hasWord(document) && may.includes(document)),
  };
}

/** A search for words that the model knows, in any mode, filtered and paged. */
export function searchPart(world: World, caller: Caller, draws: Draws, text: string): Part {
  const given = world.cursors.filter(({ list, tenant }) => list === 'search' && tenant === caller.tenant);
  if (given.length > 0 && draws.chance(0.2)) {
    const { asked, cursor, seen } = draws.pick(given);
    const { query, ...input } = asked as { query: PlainQuery; [name: string]: unknown };
    return pageOfHits(world, caller, { query, input, first: 1 + draws.below(10), after: { cursor, seen } });
  }
  const query = plainQuery(world, caller, draws);
  const mode = draws.pick(['HYBRID', 'SEMANTIC', 'KEYWORD']);
  const input = {
    text: query.text,
    mode,
    ...(draws.chance(0.3) && { filter: anyFilter(world, caller, draws, text) }),
    ...(draws.chance(0.15) && { collections: draws.some(world.collections, 2) }),
    ...(draws.chance(0.3) && { recall: { profile: draws.pick(['BALANCED', 'HIGH', 'EXACT']) } }),
    ...(draws.chance(0.2) && { groupBy: 'CHUNK' }),
    ...(draws.chance(0.1) && { recency: { halfLifeDays: 10 } }),
    ...(draws.chance(0.1) && mode === 'HYBRID' && { fusion: { method: 'RELATIVE_SCORE' } }),
  };
  return pageOfHits(world, caller, { query, input, first: draws.chance(0.6) ? 100 : 1 + draws.below(8) });
}

interface HitPage {
  readonly query: PlainQuery;
  readonly input: Record<string, unknown>;
  readonly first: number;
  readonly after?: { readonly cursor: string; readonly seen: readonly string[] };
}

function pageOfHits(world: World, caller: Caller, { query, input, first, after }: HitPage): Part {
  return {
    kind: `search ${input.mode}`,
    scopes: ['search'],
    field: `search(input: $input, first: $first, after: $after) { ... on SearchConnection { ${hitFields(caller)} } ${failure} }`,
    variables: { input: ['SearchInput!', input], first: ['Int', first], after: ['String', after?.cursor ?? null] },
    check: ({ value }, report) => {
      const among = selected(caller, input).filter(({ id }) => !after?.seen.includes(id));
      const expected = matchingText(fieldOf(value, 'mode') ?? input.mode, query, among);
      const rows = checkHits(world, caller, expected, value, first, report);
      const edges = (fieldOf(value, 'edges') ?? []) as unknown[];
      const last = edges.at(-1);
      if (
        last !== undefined &&
        input.groupBy === undefined &&
        fieldOf(value, 'mode') === input.mode &&
        world.cursors.length < 200
      ) {
        const seen = [...(after?.seen ?? []), ...edges.map((edge) => bareId(fieldOf(edge, 'node', 'id')))];
        world.cursors.push({
          list: 'search',
          tenant: caller.tenant,
          asked: { query, ...input },
          cursor: String(fieldOf(last, 'cursor')),
          seen,
        });
      }
      return rows;
    },
  };
}

/** Documents that the filter and the collections of a search permit. */
export function selected(caller: Caller, { filter, collections }: Record<string, unknown>): ModelDocument[] {
  const within = filtered(caller.tenant, visible(caller), filter ?? {});
  return collections ? within.filter(({ collection }) => (collections as string[]).includes(collection)) : within;
}

/** What a search must find where the page has room, and what it may find besides. */
export interface Expected {
  readonly must: readonly ModelDocument[];
  readonly may: readonly ModelDocument[];
}

/** Documents with vectors, and those of which older vectors may still stand in. */
export function withVectors(documents: readonly ModelDocument[]): Expected {
  return { must: documents.filter(({ pending }) => !pending), may: documents.filter(isStandIn) };
}

/** Holds hits to the documents that are expected, and each to what is stored. */
export function checkHits(
  world: World,
  caller: Caller,
  { must, may }: Expected,
  value: unknown,
  first: number,
  report: Report,
): number {
  if (fieldOf(value, 'code') !== undefined) {
    report('missing', `a search failed with ${show(value)}`);
    return 0;
  }
  const edges = (fieldOf(value, 'edges') ?? []) as unknown[];
  const nodes = edges.map((edge) => fieldOf(edge, 'node'));
  const rows = checkNodes(world, caller, must, nodes, report, { most: first, optional: may });
  for (const edge of edges) {
    const document = caller.tenant.documents.get(bareId(fieldOf(edge, 'node', 'id')));
    if (document && fieldOf(edge, 'freshness', 'stale') !== document.pending)
      report('other', `a hit's freshness is wrong: ${show(edge)}`);
    if (document && fieldOf(edge, 'chunk', 'text') !== document.body)
      report('other', `a passage is not its document's: ${show(edge)}`);
  }
  if (may.length === 0 && fieldOf(value, 'pageInfo', 'hasNextPage') !== must.length > first)
    report('other', `hasNextPage is wrong for ${must.length} hits, ${first} a page`);
  return rows;
}
