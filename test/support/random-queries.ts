import {
  type GraphQLArgument,
  type GraphQLInputType,
  GraphQLNonNull,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
  isUnionType,
  type OperationTypeNode,
} from 'graphql';
import { tokenScopes } from '../../src/auth/scopes.ts';

/** Numbers from 0 to 1 that are the same for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** What arguments are made of. */
export interface RandomValues {
  readonly words: readonly string[];
  /** Global ids, of whatever and of whomever. */
  readonly ids: readonly string[];
  readonly cursors: readonly string[];
  /** Of collections, attributes and keys. */
  readonly names: readonly string[];
}

/** Fields inside each other, at most. */
const deepest = 9;

/** Makes valid queries, or mutations, out of a schema: any field, any argument, as the schema allows them. */
export function createRandomQueries(
  schema: GraphQLSchema,
  values: RandomValues,
  random: () => number,
  operation: 'query' | 'mutation' = 'query',
) {
  const chance = (share: number) => random() < share;
  const pick = <Value>(from: readonly Value[]): Value => from[Math.floor(random() * from.length)] as Value;
  const whole = (from: number, to: number) => from + Math.floor(random() * (to - from + 1));
  let aliases = 0;

  function query(): string {
    aliases = 0;
    const root = schema.getRootType(operation as OperationTypeNode) as GraphQLObjectType;
    const fields = Object.values(root.getFields());
    const chosen = Array.from({ length: chance(0.2) ? 3 : 1 }, () => pick(fields));
    return `${operation} { ${chosen.map((field) => fieldText(field, deepest, true)).join(' ')} }`;
  }

  function fieldText(
    field: { name: string; args: readonly GraphQLArgument[]; type: GraphQLOutputType },
    depth: number,
    renamed: boolean,
  ): string {
    const given = field.args.flatMap(({ name, type }) =>
      isNonNullType(type) || chance(0.5) ? [`${name}: ${valueText(type, name, 3)}`] : [],
    );
    // Two fields of one name and different arguments do not go together.
    const alias = renamed || given.length > 0 ? `a${aliases++}: ` : '';
    const inner = selectionText(field.type, depth - 1);
    return `${alias}${field.name}${given.length > 0 ? `(${given.join(', ')})` : ''}${inner}`;
  }

  function selectionText(output: GraphQLOutputType, depth: number): string {
    const type = getNamedType(output);
    if (!isCompositeType(type)) return '';
    if (isUnionType(type) || (!isObjectType(type) && chance(0.3))) {
      return ` { __typename ${schema
        .getPossibleTypes(type)
        .map((member) => `... on ${member.name}${selectionText(member, depth)}`)
        .join(' ')} }`;
    }
    const fields = Object.values(type.getFields());
    const leaves = fields.filter((field) => !isCompositeType(getNamedType(field.type)));
    const chosen = fields.filter((field) =>
      chance(isCompositeType(getNamedType(field.type)) ? (depth > 0 ? 0.5 : 0) : 0.5),
    );
    const texts = [...new Set(chosen.length > 0 ? chosen : leaves.slice(0, 1))].map((field) =>
      fieldText(field, depth, isUnionMember(type.name)),
    );
    return ` { __typename ${texts.join(' ')} }`;
  }

  /** Fields of one name may have different types in the members of a union. */
  function isUnionMember(name: string): boolean {
    return Object.values(schema.getTypeMap()).some(
      (type) => isUnionType(type) && type.getTypes().some((member) => member.name === name),
    );
  }

  function valueText(input: GraphQLInputType, name: string, depth: number): string {
    if (!isNonNullType(input) && chance(0.05)) return 'null';
    const type = getNullableType(input);
    if (isListType(type)) {
      return `[${Array.from({ length: whole(0, 3) }, () => valueText(type.ofType, name, depth)).join(', ')}]`;
    }
    if (isEnumType(type)) return pick(type.getValues()).name;
    if (isInputObjectType(type)) return objectText(type.name, depth);
    if (type.name === 'Int') return String(name === 'first' ? whole(1, 6) : whole(-5, 300));
    if (type.name === 'Float') return pick(['0', '0.25', '0.9', '1', '7', '-3', '1e9']);
    if (type.name === 'Boolean') return String(chance(0.5));
    if (type.name === 'ID') return JSON.stringify(pick(values.ids));
    if (type.name === 'DateTime') return JSON.stringify(pick(['2026-01-31T12:00:00Z', '1999-01-01T00:00:00.5+02:00']));
    if (type.name === 'JSONObject') return pick(['{}', '{ floor: 3 }']);
    if (name === 'scopes') return JSON.stringify(pick(tokenScopes));
    if (name === 'name' || name === 'collection' || name === 'collections') return JSON.stringify(pick(values.names));
    if (name === 'after') return JSON.stringify(pick(values.cursors));
    return JSON.stringify(Array.from({ length: whole(0, 4) }, () => pick(values.words)).join(' '));
  }

  function objectText(typeName: string, depth: number): string {
    const type = schema.getType(typeName);
    if (!isInputObjectType(type)) throw new Error(`${typeName} is no input.`);
    const fields = Object.values(type.getFields());
    // One way to search; more than one is refused, which is tried now and then.
    const ways = ['text', 'vector', 'vectorBase64', 'similarTo', 'recommend'];
    const isSearch = fields.some((field) => field.name === 'similarTo');
    const way = pick(['text', 'text', 'similarTo', 'recommend', ...ways]);
    const chosen = fields.filter((field) => {
      if (isNonNullType(field.type)) return true;
      if (isSearch && ways.includes(field.name)) return field.name === way || chance(0.02);
      return depth > 0 && chance(isSearch ? 0.15 : 0.3);
    });
    if (type.isOneOf) {
      const { name, type: nullable } = pick(fields);
      return `{ ${name}: ${valueText(new GraphQLNonNull(getNullableType(nullable)), name, depth - 1)} }`;
    }
    return `{ ${chosen.map((field) => `${field.name}: ${valueText(field.type, field.name, depth - 1)}`).join(', ')} }`;
  }

  return query;
}
