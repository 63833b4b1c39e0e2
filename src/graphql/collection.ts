import { type Attribute, type AttributeType, attributeTypes } from '../attribute.ts';
import { CollectionError } from '../ingest/collection-definition.ts';
import { type DefinedCollection, defineCollection } from '../ingest/define-collection.ts';
import { type Collection as CollectionShape, readCollections } from '../tenants/read-tenant.ts';
import { builder } from './builder.ts';
import { Chunking, ChunkingInput, readChunking } from './chunking.ts';
import { requirePrincipal } from './context.ts';
import { LanguageEnum } from './language.ts';
import { priced } from './price.ts';
import { tagged } from './tags.ts';

const attributeTypeDescriptions: Record<AttributeType, string> = {
  text: 'A text of at most 2,048 bytes: `"winter"`.',
  number: 'A number: `2026`.',
  boolean: '`true` or `false`.',
  date: 'A text with a day or a moment in ISO 8601: `"2026-01-31"` (midnight UTC), `"2026-01-31T12:00:00+01:00"`.',
  text_list: 'A list of at most 256 texts, each of at most 2,048 bytes: `["winter", "snow"]`.',
};

const AttributeTypeEnum = builder.enumType('AttributeType', {
  description: 'What the values of an attribute are, as they stand in `metadata`.',
  values: Object.fromEntries(
    attributeTypes.map((value) => [value.toUpperCase(), { value, description: attributeTypeDescriptions[value] }]),
  ) as Record<Uppercase<AttributeType>, { value: AttributeType; description: string }>,
});

const AttributeObject = builder.objectRef<Attribute>('Attribute').implement({
  description: 'A key of `metadata` that a collection declares, to be filtered by through an index.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'The key in `metadata`.' }),
    type: t.expose('type', { type: AttributeTypeEnum, description: 'What its values are.' }),
  }),
});

const Collection = builder.objectRef<CollectionShape>('Collection').implement({
  description: 'A named group of documents.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'As documents give it.' }),
    documents: t.exposeInt('documents', { description: 'Documents in it.' }),
    language: t.expose('language', {
      type: LanguageEnum,
      description: 'How the words of its documents are stemmed; ENGLISH where nobody said otherwise.',
    }),
    attributes: t.field({
      type: [AttributeObject],
      description: 'Attributes to filter by; those of `metadata` that it does not declare are none.',
      resolve: ({ attributes }) => [...attributes],
    }),
    chunking: t.expose('chunking', {
      type: Chunking,
      description: 'How its documents are divided into passages when they are written.',
    }),
  }),
});

builder.queryField('collections', (t) =>
  t.field({
    type: [Collection],
    description: "The tenant's collections by name: those that hold documents, and those that were defined.",
    authScopes: { token: 'documents:read' },
    extensions: priced({ points: 10, list: { otherwise: 10 } }),
    resolve: (_root, _args, { deps, principal }) => readCollections(deps, requirePrincipal(principal)),
  }),
);

const AttributeInput = builder.inputType('AttributeInput', {
  description: 'An attribute to declare. Example: `{ name: "year", type: NUMBER }`.',
  fields: (t) => ({
    name: t.string({
      required: true,
      description: 'The key in `metadata`: 1 to 63 letters, digits, `_`, `.` and `-`, a letter or `_` first.',
    }),
    type: t.field({ type: AttributeTypeEnum, required: true, description: 'What its values are.' }),
  }),
});

const DefineCollectionInput = builder.inputType('DefineCollectionInput', {
  description:
    'What a collection is, whole: what is left out is not declared any more. Example: `{ name: "handbook", language: GERMAN, attributes: [{ name: "year", type: NUMBER }, { name: "tags", type: TEXT_LIST }] }`.',
  fields: (t) => ({
    name: t.string({ required: true, description: '1 to 64 characters, as documents give it.' }),
    language: t.field({
      type: LanguageEnum,
      description:
        'How the words of its documents are stemmed; ENGLISH without it. It cannot change while the collection holds documents.',
    }),
    attributes: t.field({
      type: [AttributeInput],
      description: 'Attributes to filter by, at most 32; none without it.',
    }),
    chunking: t.field({
      type: ChunkingInput,
      description:
        'How its documents are divided into passages; as usual without it. It holds for documents that are written from then on, unchanged ones included.',
    }),
  }),
});

const DefineCollectionPayload = builder.objectRef<DefinedCollection>('DefineCollectionPayload').implement({
  description: 'The collection is defined, and the attributes of its documents can be filtered by.',
  fields: (t) => ({
    collection: t.field({ type: Collection, description: 'As it is now.', resolve: (defined) => defined }),
    unfitValues: t.exposeInt('unfitValues', {
      description:
        'Values in documents stored before that are of another type than a newly declared attribute, or too long for it. They stay in `metadata`; filters on the attribute take them as absent.',
    }),
  }),
});

builder.mutationField('defineCollection', (t) =>
  t.field({
    type: DefineCollectionPayload,
    description:
      'Says what the language, the filterable attributes and the passages of a collection are, new or not. Attributes may be added and removed at any time; those of existing documents are filled in the same transaction. From then on a document with a value of another type is refused.',
    authScopes: { token: 'documents:write' },
    extensions: { ...priced({ points: 50 }), ...tagged('write') },
    errors: {
      types: [CollectionError],
      union: { name: 'DefineCollectionResult', description: 'The collection, or why it stays what it was.' },
    },
    args: {
      input: t.arg({ type: DefineCollectionInput, required: true, description: 'What the collection is.' }),
    },
    resolve: (_root, { input: { name, language, attributes, chunking } }, { deps, principal }) =>
      defineCollection(deps, requirePrincipal(principal), {
        name,
        language: language ?? 'english',
        attributes: attributes ?? [],
        chunking: readChunking(chunking),
      }),
  }),
);
