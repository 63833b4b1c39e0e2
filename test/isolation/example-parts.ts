import { globalId } from '../support/look-alikes.ts';
import { reportStranger } from './document-nodes.ts';
import type { Draws } from './draws.ts';
import { anyFilter } from './filters.ts';
import { isStandIn } from './model.ts';
import { fieldOf, type Part, show } from './part.ts';
import { mangledId, type PickedId, pickId } from './pick-id.ts';
import { plainQuery } from './plain-query.ts';
import { checkHits, hitFields, matchingText, selected, withVectors } from './search-parts.ts';
import { type Caller, visible, type World } from './world.ts';

const failure = '... on Error { code message }';
/** What a search by an example gets that is hidden, another's, nobody's or without a vector. */
export const nothingThere = {
  code: 'NOT_FOUND',
  message: 'An example to search from does not exist, or has no vector yet.',
};

/** A search by example, with documents or passages of one's own, of others and of nobody's. */
export function similarPart(world: World, caller: Caller, draws: Draws, text: string): Part {
  const examples = Array.from({ length: draws.chance(0.7) ? 1 : 2 }, () => pickExample(world, caller, draws));
  const ids = examples.map(({ id }) => id);
  const input = {
    ...(ids.length === 1 ? { similarTo: ids[0] } : { recommend: { positive: [ids[0]], negative: [ids[1]] } }),
    ...(draws.chance(0.3) && { filter: anyFilter(world, caller, draws, text) }),
  };
  const isThere = examples.every(({ document }) => document !== undefined && !document.pending);
  const mayBeThere = examples.every(({ document }) => document && (!document.pending || isStandIn(document)));
  // The mean of a document and its double is nowhere.
  const mayCancel = ids.length === 2;
  return {
    kind: 'search by example',
    scopes: ['search'],
    alone: mayCancel,
    field: `search(input: $input, first: 100) { ... on SearchConnection { ${hitFields(caller)} } ${failure} }`,
    variables: { input: ['SearchInput!', input] },
    check: ({ value, codes }, report) => {
      if (!isThere) {
        if (mayBeThere) return 0;
        if (JSON.stringify(value) !== JSON.stringify(nothingThere))
          report(
            fieldOf(value, 'edges') ? 'leak' : 'other',
            `an example that is not there got ${show(value)} ${show(codes)}`,
          );
        return 0;
      }
      if (mayCancel && codes[0] === 'BAD_USER_INPUT') return 0;
      const excluded = examples.map(({ document }) => document);
      const expected = selected(caller, input).filter((one) => !excluded.includes(one));
      return checkHits(world, caller, withVectors(expected), value, 100, report);
    },
  };
}

function pickExample(world: World, caller: Caller, draws: Draws): PickedId {
  if (world.chunks.size === 0 || draws.chance(0.6)) return pickId(world, caller, draws);
  const [bare, documentId] = draws.pick([...world.chunks]);
  return { id: globalId('Chunk', bare), bare, document: visible(caller).find(({ id }) => id === documentId) };
}

/** Documents like a document, through its field. */
export function similarFieldPart(world: World, caller: Caller, draws: Draws): Part {
  const { id, bare, document } = pickId(world, caller, draws);
  return {
    kind: 'similar',
    scopes: ['documents:read', 'search'],
    field: `document(id: $id) { id similar(first: 100) { ${hitFields(caller)} } }`,
    variables: { id: ['ID!', id] },
    check: ({ value }, report) => {
      if (!document) {
        if (value) reportStranger(world, caller, bare, report);
        return 0;
      }
      const similar = fieldOf(value, 'similar');
      if (document.pending) {
        if (similar !== null && !isStandIn(document))
          report('other', `a document without vectors is like ${show(similar)}`);
        return 0;
      }
      const expected = visible(caller).filter((one) => one !== document);
      return checkHits(world, caller, withVectors(expected), similar, 100, report);
    },
  };
}

/** Why a search does not return a document, which for one that may not be seen is what it is for one that is not there. */
export function explainMissingPart(world: World, caller: Caller, draws: Draws, text: string): Part {
  const { id, document } = pickId(world, caller, draws);
  const query = plainQuery(world, caller, draws);
  const mode = draws.pick(['HYBRID', 'SEMANTIC', 'KEYWORD']);
  const input = { text: query.text, mode, ...(draws.chance(0.3) && { filter: anyFilter(world, caller, draws, text) }) };
  return {
    kind: 'explainMissing',
    scopes: ['search'],
    field: `explainMissing(documentId: $id, input: $input) { ... on MissingExplanation { reason rank score trueCoarseRank candidates keywordScore } ${failure} }`,
    variables: { id: ['ID!', id], input: ['SearchInput!', input] },
    check: ({ value }, report) => {
      const { reason, ...rest } = (value ?? {}) as Record<string, unknown>;
      if (!document) {
        const isBare = Object.values(rest).every((one) => one === null);
        if (reason !== 'NOT_THERE' || !isBare)
          report('leak', `a document that is not there is explained: ${show(value)}`);
        return 0;
      }
      const among = selected(caller, input);
      const expected = !among.includes(document)
        ? ['FILTERED']
        : matchingText(mode, query, among).must.includes(document)
          ? ['FOUND', 'BEHIND_THE_PAGE', 'GROUPING', ...(isStandIn(document) ? ['STALE'] : [])]
          : isStandIn(document)
            ? [String(reason).replace('NOT_THERE', '')]
            : ['CONDITIONS', 'NOT_EMBEDDED', 'NO_COMMON_WORD'];
      if (!expected.includes(String(reason)))
        report(
          reason === 'NOT_THERE' ? 'missing' : 'other',
          `explained as ${show(value)}, should be one of ${expected} for ${show(input)}`,
        );
      return 1;
    },
  };
}

/** A search for any text or like any id: it is answered or refused, with nothing in it that may not be seen. */
export function hostileSearchPart(world: World, caller: Caller, draws: Draws, text: string): Part {
  const isText = draws.chance(0.7);
  const input = isText
    ? { text, mode: draws.pick(['HYBRID', 'KEYWORD', 'SEMANTIC']) }
    : { similarTo: mangledId(world, caller, draws, text) };
  return {
    kind: 'hostile search',
    scopes: ['search'],
    alone: true,
    field: `search(input: $input, first: 100) { ... on SearchConnection { ${hitFields(caller)} explain { strategy plan } } ${failure} }`,
    variables: { input: ['SearchInput!', input] },
    check: ({ value, codes }, report) => {
      if (codes.some((code) => code !== 'BAD_USER_INPUT')) report('other', `a hostile search got ${show(codes)}`);
      const edges = (fieldOf(value, 'edges') ?? []) as unknown[];
      const hits = new Set(edges.map((edge) => String(fieldOf(edge, 'node', 'id'))));
      const documents = visible(caller).filter(({ id }) => hits.has(globalId('Document', id)));
      return edges.length === 0 ? 0 : checkHits(world, caller, { must: documents, may: [] }, value, 100, report);
    },
  };
}
