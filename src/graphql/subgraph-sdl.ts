import {
  type ConstDirectiveNode,
  type DefinitionNode,
  type FieldDefinitionNode,
  type GraphQLField,
  type GraphQLSchema,
  getNamedType,
  isObjectType,
  Kind,
  lexicographicSortSchema,
  type ObjectTypeDefinitionNode,
  parse,
  print,
  printSchema,
} from 'graphql';
import { priceOf } from './price.ts';
import { tagOf } from './tags.ts';

export interface SubgraphSdlOptions {
  /** Whether `@authenticated` and `@requiresScopes` are written. Apollo Gateway refuses a supergraph that has them. */
  readonly access?: boolean;
}

const head = ({ access }: Required<SubgraphSdlOptions>) => `extend schema
  @link(url: "https://specs.apollo.dev/federation/v2.9", import: [${[
    '@key',
    '@shareable',
    '@tag',
    '@cost',
    '@listSize',
    ...(access ? ['@authenticated', '@requiresScopes'] : []),
  ]
    .map((name) => JSON.stringify(name))
    .join(', ')}])
  @contact(name: "Tessera", description: "Search by meaning and by words. Errors carry a code and a request id for the operator's log.")

directive @contact(name: String!, url: String, description: String) on SCHEMA
`;

/** Directives of whole types. */
const typeDirectives: Readonly<Record<string, readonly string[]>> = {
  Document: ['@key(fields: "id")', '@key(fields: "collection externalId")'],
  RelatedDocuments: ['@key(fields: "collection externalId")'],
  PageInfo: ['@shareable'],
};

/** What the federation machinery defines by itself. */
const machinery: ReadonlySet<string> = new Set(['_Any', '_Entity', '_Service']);
/** Routers ask subgraphs for subscriptions by WebSocket or by calling back, not by server-sent events: clients ask the gateway itself. */
const subscriptions: ReadonlySet<string> = new Set(['Subscription', 'SearchUpdatesResult', 'SearchUpdate']);
/** Fields that a router does not need: entities take the place of `node`, which only one subgraph of a supergraph could have. */
const left: ReadonlySet<string> = new Set(['Query._entities', 'Query._service', 'Query.node']);

/** The SDL that a supergraph is composed of. It is derived from the schema: scopes from `authScopes`, costs from prices. */
export function printSubgraphSdl(schema: GraphQLSchema, { access = true }: SubgraphSdlOptions = {}): string {
  const { definitions } = parse(printSchema(lexicographicSortSchema(schema)), { noLocation: true });
  const isLeft = (name = '') => machinery.has(name) || subscriptions.has(name);
  const kept = definitions.filter(
    (node) => node.kind !== Kind.DIRECTIVE_DEFINITION && !('name' in node && isLeft(node.name?.value)),
  );
  return `${head({ access })}\n${kept.map((node) => print(direct(node))).join('\n\n')}\n`;

  function direct(node: DefinitionNode): DefinitionNode {
    // Composition does not know `@oneOf`; the subgraph holds to it all the same.
    if (node.kind === Kind.INPUT_OBJECT_TYPE_DEFINITION) return { ...node, directives: [] };
    if (node.kind !== Kind.OBJECT_TYPE_DEFINITION) return node;
    const type = schema.getType(node.name.value);
    if (!isObjectType(type)) return node;
    const all = type.getFields();
    return {
      ...node,
      directives: (typeDirectives[type.name] ?? []).map(readDirective),
      fields: (node.fields ?? [])
        .filter(({ name }) => !left.has(`${type.name}.${name.value}`))
        .map((field) => directField(field, all[field.name.value])),
    } satisfies ObjectTypeDefinitionNode;
  }

  function directField(node: FieldDefinitionNode, field: GraphQLField<unknown, unknown> | undefined) {
    if (!field) return node;
    const texts = [...priceDirectives(field), ...(access ? accessDirectives(field) : []), ...tagDirectives(field)];
    return { ...node, directives: texts.map(readDirective) };
  }
}

type Field = GraphQLField<unknown, unknown>;

function priceDirectives(field: Field): string[] {
  const { points = 0, list } = priceOf(field);
  // Composition wants the sized fields on an object type; those of a result union have a size of their own.
  const isConnection = list?.fields !== undefined;
  const hasSize = list && (!isConnection || isObjectType(getNamedType(field.type)));
  const slicing = field.args.some((argument) => argument.name === list?.argument && argument.name === 'first');
  const size = hasSize && [
    `assumedSize: ${list.otherwise}`,
    ...(slicing ? [`slicingArguments: ["first"]`, 'requireOneSlicingArgument: false'] : []),
    ...(list.fields ? [`sizedFields: ${JSON.stringify(list.fields)}`] : []),
  ];
  return [...(points > 0 ? [`@cost(weight: ${points})`] : []), ...(size ? [`@listSize(${size.join(', ')})`] : [])];
}

/** What Pothos keeps of a field's options. */
interface FieldOptions {
  readonly authScopes?: { readonly token?: string };
}

function accessDirectives({ name, extensions }: Field): string[] {
  const { authScopes } = (extensions.pothosOptions ?? {}) as FieldOptions;
  if (authScopes?.token) return [`@requiresScopes(scopes: [[${JSON.stringify(authScopes.token)}]])`];
  return name === 'viewer' ? ['@authenticated'] : [];
}

function tagDirectives(field: Field): string[] {
  const tag = tagOf(field);
  return tag ? [`@tag(name: ${JSON.stringify(tag)})`] : [];
}

/** A directive as it would stand behind a field. */
function readDirective(text: string): ConstDirectiveNode {
  const [definition] = parse(`scalar S ${text}`, { noLocation: true }).definitions;
  const [directive] = (definition as { readonly directives?: readonly ConstDirectiveNode[] }).directives ?? [];
  return directive as ConstDirectiveNode;
}
