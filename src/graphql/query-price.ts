import {
  type ArgumentNode,
  type DirectiveNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isCompositeType,
  isInterfaceType,
  isListType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
  type ValueNode,
  valueFromASTUntyped,
} from 'graphql';
import { type Price, priceOf } from './price.ts';

type List = NonNullable<Price['list']>;
type Variables = Readonly<Record<string, unknown>>;

/** What depends on a request's variables. */
type Of<Value> = (variables: Variables) => Value;

/** The price of an operation in points, worked out of its variables. */
export type QueryPrice = Of<number>;

/** What a look at the schema itself costs: it is in memory. */
const introspectionPoints = 100;
/** What a part of an answer costs that comes by itself (`@defer`, `@stream`), beside what is in it. */
const partPoints = 1;
/** Items of a list of objects whose length nothing tells. */
const usualItems = 10;

/**
 * Prices an operation that has been validated. What its text decides is summed up here, once; what is left for each
 * request are the lists whose length, and the parts whose presence, a variable decides.
 *
 * Parts of different types in one place are all counted, and a field that is written twice counts twice.
 */
export function compilePrice(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): QueryPrice {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const node of document.definitions) {
    if (node.kind === Kind.FRAGMENT_DEFINITION) fragments.set(node.name.value, node);
  }
  const defaults = new Map(
    operation.variableDefinitions?.map(({ variable, defaultValue }) => [
      variable.name.value,
      defaultValue && valueFromASTUntyped(defaultValue),
    ]),
  );
  const root = schema.getRootType(operation.operation);
  return root ? toPrice(ofSelections(operation.selectionSet, root, new Map())) : () => 0;

  function ofSelections(
    { selections }: SelectionSetNode,
    parent: GraphQLCompositeType,
    sizes: ReadonlyMap<string, Amount>,
  ): Amount {
    return sum(
      selections.map((node) => {
        if (node.kind === Kind.FIELD) return onlyIf(node.directives, ofField(node, parent, sizes));
        const fragment = node.kind === Kind.FRAGMENT_SPREAD ? fragments.get(node.name.value) : node;
        const condition = fragment?.typeCondition && schema.getType(fragment.typeCondition.name.value);
        const type = condition && isCompositeType(condition) ? condition : parent;
        if (!fragment) return constant(0);
        const inner = ofSelections(fragment.selectionSet, type, sizes);
        return onlyIf(node.directives, sum([inner, constant(isMarked(node, 'defer') ? partPoints : 0)]));
      }),
    );
  }

  function ofField(node: FieldNode, parent: GraphQLCompositeType, sizes: ReadonlyMap<string, Amount>): Amount {
    const name = node.name.value;
    if (name.startsWith('__')) return constant(name === '__typename' ? 0 : introspectionPoints);
    const field = isObjectType(parent) || isInterfaceType(parent) ? parent.getFields()[name] : undefined;
    if (!field) return constant(0);
    const { points = 0, list } = priceOf(field);
    const type = getNamedType(field.type);
    if (!node.selectionSet || !isCompositeType(type)) return constant(points);
    const length = list && lengthOf(list, node, field);
    const inner = new Map(list?.fields?.map((sized) => [sized, length ?? constant(list.otherwise)]));
    const part = constant(isMarked(node, 'stream') ? partPoints : 0);
    const item = sum([constant(1), part, ofSelections(node.selectionSet, type, inner)]);
    const isList = isListType(getNullableType(field.type));
    const items = sizes.get(name) ?? (list?.fields ? undefined : length) ?? constant(usualItems);
    return sum([constant(points), isList ? product(items, item) : item]);
  }

  /** The length of a list by the argument that decides it. */
  function lengthOf(
    { argument, otherwise, most = Number.POSITIVE_INFINITY }: List,
    node: FieldNode,
    field: GraphQLField<unknown, unknown>,
  ): Amount {
    const given = node.arguments?.find(({ name }: ArgumentNode) => name.value === argument);
    const unset = field.args.find(({ name }) => name === argument)?.defaultValue;
    const read = (value: unknown) => Math.min(most, countOf(value ?? unset, otherwise));
    if (!given) return constant(read(undefined));
    return isFixed(given.value)
      ? constant(read(valueFromASTUntyped(given.value)))
      : (variables) => read(valueIn(given.value, variables));
  }

  function onlyIf(directives: readonly DirectiveNode[] | undefined, amount: Amount): Amount {
    return (directives ?? []).reduce<Amount>((rest, { name, arguments: given }) => {
      const wanted = name.value === 'include' ? true : name.value === 'skip' ? false : undefined;
      const value = given?.find((argument) => argument.name.value === 'if')?.value;
      if (wanted === undefined || !value) return rest;
      if (isFixed(value)) return valueFromASTUntyped(value) === wanted ? rest : constant(0);
      const price = toPrice(rest);
      return (variables) => (valueIn(value, variables) === wanted ? price(variables) : 0);
    }, amount);
  }

  /** A value with variables in it, as far as its length matters. */
  function valueIn(value: ValueNode, variables: Variables): unknown {
    if (value.kind === Kind.VARIABLE) return variables[value.name.value] ?? defaults.get(value.name.value);
    return value.kind === Kind.LIST ? value.values : valueFromASTUntyped(value, variables);
  }
}

function isMarked({ directives }: { readonly directives?: readonly DirectiveNode[] | undefined }, directive: string) {
  return directives?.some(({ name }) => name.value === directive) ?? false;
}

function countOf(value: unknown, otherwise: number): number {
  if (Array.isArray(value)) return value.length;
  return typeof value === 'number' && Number.isFinite(value) ? Math.max(0, value) : otherwise;
}

function isFixed(value: ValueNode): boolean {
  return value.kind !== Kind.VARIABLE && value.kind !== Kind.LIST;
}

/** A number that the text decides, or one that variables decide. */
type Amount = number | Of<number>;

const constant = (value: number): Amount => value;

function toPrice(amount: Amount): Of<number> {
  return typeof amount === 'number' ? () => amount : amount;
}

function sum(amounts: readonly Amount[]): Amount {
  const fixed = amounts.reduce<number>((rest, amount) => rest + (typeof amount === 'number' ? amount : 0), 0);
  const open = amounts.filter((amount) => typeof amount !== 'number');
  if (open.length === 0) return fixed;
  return (variables) => open.reduce((rest, amount) => rest + amount(variables), fixed);
}

function product(a: Amount, b: Amount): Amount {
  if (typeof a === 'number' && typeof b === 'number') return a * b;
  const [left, right] = [toPrice(a), toPrice(b)];
  return (variables) => left(variables) * right(variables);
}
