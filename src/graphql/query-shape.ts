import {
  type DocumentNode,
  type FragmentDefinitionNode,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import { Refusal } from '../errors.ts';

/** How large a GraphQL document may be, with its fragments spelt out. */
export interface ShapeLimits {
  /** Fields inside each other. Those of an introspection query do not count: the library bounds them. */
  readonly depth: number;
  /** Fields under another name than their own. */
  readonly aliases: number;
  readonly directives: number;
}

const mostFields = 1_000;
const mostSpreads = 100;
/** Validation compares each with each of the same name in one place: 500 objects of one name took it a quarter of a second. */
const mostRepeats = 200;

interface Shape {
  depth: number;
  fields: number;
  aliases: number;
  directives: number;
  spreads: number;
}

/**
 * Measures a document before it is validated, in time that grows with its text alone: a fragment is measured once, however
 * often it is spread.
 * @throws {Refusal} `QUERY_LIMIT_EXCEEDED` for one that is too large, or whose fragments go round in a circle.
 */
export function checkShape(document: DocumentNode, limits: ShapeLimits): void {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const node of document.definitions) {
    if (node.kind === Kind.FRAGMENT_DEFINITION) fragments.set(node.name.value, node);
  }
  const measured = new Map<string, Shape | 'in hand'>();
  const total: Shape = { depth: 0, fields: 0, aliases: 0, directives: 0, spreads: 0 };
  for (const node of document.definitions) {
    if (node.kind === Kind.OPERATION_DEFINITION) add(total, ofDefinition(node), 0);
    // One that no operation spreads is validated all the same.
    else if (node.kind === Kind.FRAGMENT_DEFINITION && !measured.has(node.name.value)) {
      add(total, ofFragment(node.name.value), 0);
    }
  }
  refuseAbove('fields, with its fragments spelt out', total.fields, mostFields);
  refuseAbove('fragment spreads', total.spreads, mostSpreads);
  refuseAbove('levels of fields', total.depth, limits.depth);
  refuseAbove('aliases', total.aliases, limits.aliases);
  refuseAbove('directives', total.directives, limits.directives);
  refuseAbove('fields that stand there already', countRepeats(document, fragments), mostRepeats);

  function ofDefinition({ selectionSet, directives = [] }: OperationDefinitionNode | FragmentDefinitionNode): Shape {
    const shape = ofSelections(selectionSet);
    shape.directives += directives.length;
    return shape;
  }

  function ofFragment(name: string): Shape {
    const known = measured.get(name);
    if (known === 'in hand') {
      throw new Refusal('QUERY_LIMIT_EXCEEDED', `The fragment ${JSON.stringify(name.slice(0, 80))} spreads itself.`);
    }
    if (known) return known;
    measured.set(name, 'in hand');
    const fragment = fragments.get(name);
    // Validation says that it is missing.
    const shape = fragment ? ofDefinition(fragment) : { depth: 0, fields: 0, aliases: 0, directives: 0, spreads: 0 };
    measured.set(name, shape);
    return shape;
  }

  function ofSelections({ selections }: SelectionSetNode): Shape {
    const shape: Shape = { depth: 0, fields: 0, aliases: 0, directives: 0, spreads: 0 };
    for (const node of selections) {
      shape.directives += node.directives?.length ?? 0;
      if (node.kind === Kind.FRAGMENT_SPREAD) {
        shape.spreads += 1;
        add(shape, ofFragment(node.name.value), 0);
      } else if (node.kind === Kind.INLINE_FRAGMENT) {
        add(shape, ofSelections(node.selectionSet), 0);
      } else {
        shape.fields += 1;
        shape.depth = Math.max(shape.depth, 1);
        if (node.alias) shape.aliases += 1;
        const isIntrospection = node.name.value === '__schema' || node.name.value === '__type';
        if (node.selectionSet)
          add(shape, ofSelections(node.selectionSet), isIntrospection ? Number.NEGATIVE_INFINITY : 1);
      }
    }
    return shape;
  }
}

interface Place extends Map<string, Place> {}

/** Fields under a name that the same place has already. For documents whose fields were counted: it spells fragments out. */
function countRepeats(document: DocumentNode, fragments: ReadonlyMap<string, FragmentDefinitionNode>): number {
  let repeats = 0;
  for (const node of document.definitions) {
    if (node.kind === Kind.OPERATION_DEFINITION) walk(node.selectionSet, new Map());
  }
  return repeats;

  function walk({ selections }: SelectionSetNode, place: Place): void {
    for (const node of selections) {
      if (node.kind === Kind.INLINE_FRAGMENT) walk(node.selectionSet, place);
      else if (node.kind === Kind.FRAGMENT_SPREAD) {
        const fragment = fragments.get(node.name.value);
        if (fragment) walk(fragment.selectionSet, place);
      } else {
        const name = (node.alias ?? node.name).value;
        const known = place.get(name);
        const inner: Place = known ?? new Map();
        if (known) repeats += 1;
        else place.set(name, inner);
        if (node.selectionSet) walk(node.selectionSet, inner);
      }
    }
  }
}

function add(shape: Shape, inner: Shape, levels: number): void {
  shape.depth = Math.max(shape.depth, inner.depth + levels);
  shape.fields += inner.fields;
  shape.aliases += inner.aliases;
  shape.directives += inner.directives;
  shape.spreads += inner.spreads;
}

function refuseAbove(what: string, found: number, most: number): void {
  if (found <= most) return;
  const count = found > 1_000_000 ? 'millions of' : `${found}`;
  throw new Refusal('QUERY_LIMIT_EXCEEDED', `The GraphQL document has ${count} ${what}; at most ${most} are allowed.`);
}
