import { encodeCursor, fingerprint } from '../../src/cursor.ts';
import type { DocumentFilter } from '../../src/filter.ts';
import { bareId, checkNode, checkNodes, nodeFields, reportStranger } from './document-nodes.ts';
import type { Draws } from './draws.ts';
import { anyFilter } from './filters.ts';
import { filtered } from './model.ts';
import { fieldOf, type Part, show } from './part.ts';
import { mangledId, pickId } from './pick-id.ts';
import { anyText, type Caller, othersOf, visible, type World } from './world.ts';

const reads = ['documents:read'];
const page = 'pageInfo { hasNextPage endCursor }';

/** A page of documents: the first one, or the one behind a cursor of this list, of another list or of another tenant. */
export function listPart(world: World, caller: Caller, draws: Draws, text: string): Part {
  const filter: DocumentFilter = draws.chance(0.35) ? {} : anyFilter(world, caller, draws, text);
  const first = draws.chance(0.5) ? 100 : 1 + draws.below(8);
  const given = world.cursors.filter(({ list }) => list === 'documents');
  if (given.length === 0 || draws.chance(0.5)) return pageOfList(world, caller, filter, first);
  if (draws.chance(0.3)) {
    // A place that no page ever gave, under a fingerprint that anybody can compute.
    const { bare } = pickId(world, caller, draws);
    const cursor = encodeCursor(fingerprint(['documents', caller.tenant.id, filter]), [bare]);
    return pageOfList(world, caller, filter, first, { cursor, place: bare });
  }
  const { tenant, asked, cursor, seen } = draws.pick(given);
  const isOwn = tenant === caller.tenant && (draws.chance(0.6) || JSON.stringify(asked) === JSON.stringify(filter));
  if (isOwn) return pageOfList(world, caller, asked, first, { cursor, place: seen.at(-1) as string });
  const other = tenant === caller.tenant ? filter : asked;
  return pageOfList(world, caller, other, first, { cursor, place: undefined });
}

function pageOfList(
  world: World,
  caller: Caller,
  filter: DocumentFilter,
  first: number,
  after?: { readonly cursor: string; readonly place: string | undefined },
): Part {
  return {
    kind: 'documents',
    scopes: reads,
    alone: after !== undefined && after.place === undefined,
    field: `documents(filter: $filter, first: $first, after: $after) { edges { cursor node { ${nodeFields(caller)} } } ${page} }`,
    variables: { filter: ['DocumentFilter', filter], first: ['Int', first], after: ['String', after?.cursor ?? null] },
    check: ({ value, codes }, report) => {
      if (after && after.place === undefined) {
        if (codes[0] !== 'INVALID_CURSOR')
          report('other', `a cursor of another list got ${show(codes)} ${show(value)}`);
        return 0;
      }
      const matching = filtered(caller.tenant, visible(caller), filter);
      const expected = after ? matching.filter(({ id }) => id > (after.place as string)) : matching;
      const edges = (fieldOf(value, 'edges') ?? []) as unknown[];
      const nodes = edges.map((edge) => fieldOf(edge, 'node'));
      const rows = checkNodes(world, caller, expected, nodes, report, { most: first, ordered: true });
      if (fieldOf(value, 'pageInfo', 'hasNextPage') !== expected.length > first)
        report('other', 'hasNextPage is wrong');
      const last = edges.at(-1);
      if (last !== undefined && world.cursors.length < 200) {
        const cursor = String(fieldOf(last, 'cursor'));
        const seen = [bareId(fieldOf(last, 'node', 'id'))];
        world.cursors.push({
          list: 'documents',
          tenant: caller.tenant,
          asked: filter as Record<string, unknown>,
          cursor,
          seen,
        });
      }
      return rows;
    },
  };
}

/** One document by its id, through `document` or `node`. */
export function byIdPart(world: World, caller: Caller, draws: Draws): Part {
  const { id, document } = pickId(world, caller, draws);
  const field = draws.pick(['document', 'node']);
  return {
    kind: field,
    scopes: reads,
    field: `${field}(id: $id) { ... on Document { ${nodeFields(caller)} } }`,
    variables: { id: ['ID!', id] },
    check: ({ value }, report) => {
      if (document && value) return checkNode(caller, document, value, report);
      if (document) report('missing', `${field} of ${document.id} is ${show(value)}`);
      else if (value) reportStranger(world, caller, bareId(id), report);
      return 1;
    },
  };
}

/** What is hardly an id: a document of one's own at most comes of it, and no fault in the gateway. */
export function mangledIdPart(world: World, caller: Caller, draws: Draws, text: string): Part {
  const field = draws.pick(['document', 'node']);
  return {
    kind: 'mangled id',
    scopes: reads,
    alone: true,
    field: `${field}(id: $id) { ... on Document { ${nodeFields(caller)} } }`,
    variables: { id: ['ID!', mangledId(world, caller, draws, text)] },
    check: ({ value, codes }, report) => {
      if (codes.some((code) => code !== 'BAD_USER_INPUT')) report('other', `a mangled id got ${show(codes)}`);
      if (!value || fieldOf(value, 'id') === undefined) return 0;
      return checkNodes(world, caller, visible(caller), [value], report, { most: 1 });
    },
  };
}

/** References of a federation router, by id and by the owner's key. */
export function entitiesPart(world: World, caller: Caller, draws: Draws, text: string): Part {
  const wanted = Array.from({ length: 1 + draws.below(4) }, () => {
    if (draws.chance(0.5)) {
      const { id, document } = pickId(world, caller, draws);
      return { reference: { __typename: 'Document', id }, document };
    }
    const others = draws.chance(0.5) ? [caller.tenant] : othersOf(world, caller);
    const keyed = others
      .flatMap(({ documents }) => [...documents.values()])
      .filter(({ externalId }) => externalId !== null);
    const [collection, externalId] =
      keyed.length > 0 && draws.chance(0.8)
        ? ((one) => [one.collection, one.externalId as string] as const)(draws.pick(keyed))
        : [draws.pick(world.collections), anyText(world, caller, draws, text)];
    const document = visible(caller).find((one) => one.collection === collection && one.externalId === externalId);
    return { reference: { __typename: 'Document', collection, externalId }, document };
  });
  return {
    kind: '_entities',
    scopes: reads,
    field: `_entities(representations: $references) { ... on Document { ${nodeFields(caller)} } }`,
    variables: { references: ['[_Any!]!', wanted.map(({ reference }) => reference)] },
    check: ({ value }, report) => {
      for (const [index, { document, reference }] of wanted.entries()) {
        const got = fieldOf(value, index);
        if (document && got) checkNode(caller, document, got, report);
        else if (document) report('missing', `the entity ${show(reference)} is ${show(got)}`);
        else if (got) reportStranger(world, caller, bareId(fieldOf(got, 'id')), report);
      }
      return wanted.length;
    },
  };
}
