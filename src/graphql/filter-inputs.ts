import { builder } from './builder.ts';

const NullCheck = builder.enumType('NullCheck', {
  description: 'Whether there is a value at all.',
  values: { NULL: { description: 'There is none.' }, NOT_NULL: { description: 'There is one.' } },
});

const comparison = {
  eq: 'Equal to this.',
  neq: 'There is a value and it is another.',
  gt: 'Above this.',
  gte: 'This or above.',
  lt: 'Below this.',
  lte: 'This or below.',
  in: 'One of these, at most 100.',
  is: 'There is a value, or there is none.',
} as const;

const TextCondition = builder.inputType('TextCondition', {
  description: 'A condition on a text; everything given must hold. Upper and lower case differ.',
  fields: (t) => ({
    eq: t.string({ description: comparison.eq }),
    neq: t.string({ description: comparison.neq }),
    in: t.stringList({ description: comparison.in }),
    is: t.field({ type: NullCheck, description: comparison.is }),
    startsWith: t.string({ description: 'Begins with this.' }),
  }),
});

const NumberCondition = builder.inputType('NumberCondition', {
  description: 'A condition on a number; everything given must hold.',
  fields: (t) => ({
    eq: t.float({ description: comparison.eq }),
    neq: t.float({ description: comparison.neq }),
    gt: t.float({ description: comparison.gt }),
    gte: t.float({ description: comparison.gte }),
    lt: t.float({ description: comparison.lt }),
    lte: t.float({ description: comparison.lte }),
    in: t.floatList({ description: comparison.in }),
    is: t.field({ type: NullCheck, description: comparison.is }),
  }),
});

const BooleanCondition = builder.inputType('BooleanCondition', {
  description: 'A condition on a yes or no; everything given must hold.',
  fields: (t) => ({
    eq: t.boolean({ description: comparison.eq }),
    is: t.field({ type: NullCheck, description: comparison.is }),
  }),
});

const DateTimeCondition = builder.inputType('DateTimeCondition', {
  description: 'A condition on a moment; everything given must hold.',
  fields: (t) => ({
    eq: t.field({ type: 'DateTime', description: 'At this very moment.' }),
    gt: t.field({ type: 'DateTime', description: 'After this.' }),
    gte: t.field({ type: 'DateTime', description: 'At this or after.' }),
    lt: t.field({ type: 'DateTime', description: 'Before this.' }),
    lte: t.field({ type: 'DateTime', description: 'At this or before.' }),
    is: t.field({ type: NullCheck, description: comparison.is }),
  }),
});

const TextListCondition = builder.inputType('TextListCondition', {
  description:
    'A condition on a list of texts; everything given must hold. An empty list counts as no value. Example: `{ containsAny: ["winter", "snow"] }`.',
  fields: (t) => ({
    contains: t.string({ description: 'This is one of its texts.' }),
    containsAny: t.stringList({ description: 'At least one of these is, at most 100.' }),
    containsAll: t.stringList({ description: 'Every one of these is, at most 100.' }),
    is: t.field({ type: NullCheck, description: comparison.is }),
  }),
});

const AttributeCondition = builder.inputType('AttributeCondition', {
  description:
    'A condition on an attribute that collections declare (`defineCollection`), served by an index. A document whose collection does not declare it, or as another type, has no value. Example: `{ name: "year", number: { gte: 2024 } }`.',
  fields: (t) => ({
    name: t.string({ required: true, description: "The attribute's name, as declared." }),
    text: t.field({ type: TextCondition, description: 'It is a TEXT, and this holds.' }),
    number: t.field({ type: NumberCondition, description: 'It is a NUMBER, and this holds.' }),
    boolean: t.field({ type: BooleanCondition, description: 'It is a BOOLEAN, and this holds.' }),
    date: t.field({
      type: DateTimeCondition,
      description: 'It is a DATE, and this holds. A day begins at midnight UTC.',
    }),
    textList: t.field({ type: TextListCondition, description: 'It is a TEXT_LIST, and this holds.' }),
  }),
});

const MetadataCondition = builder.inputType('MetadataCondition', {
  description:
    'A condition on any key of `metadata`, declared or not. A value of another type than the condition matches nothing. No index serves it: each document is looked at. Declare what you filter by often, and use `attributes`.',
  fields: (t) => ({
    key: t.string({ required: true, description: 'The key.' }),
    text: t.field({ type: TextCondition, description: 'It is a text, and this holds.' }),
    number: t.field({ type: NumberCondition, description: 'It is a number, and this holds.' }),
    boolean: t.field({ type: BooleanCondition, description: 'It is true or false, and this holds.' }),
  }),
});

/** The shape of a filter as GraphQL gives it. */
interface DocumentFilterShape {
  and?: DocumentFilterShape[] | null;
  or?: DocumentFilterShape[] | null;
  not?: DocumentFilterShape | null;
  collection?: typeof TextCondition.$inferInput | null;
  externalId?: typeof TextCondition.$inferInput | null;
  title?: typeof TextCondition.$inferInput | null;
  status?: typeof TextCondition.$inferInput | null;
  createdAt?: typeof DateTimeCondition.$inferInput | null;
  updatedAt?: typeof DateTimeCondition.$inferInput | null;
  attributes?: (typeof AttributeCondition.$inferInput)[] | null;
  metadata?: (typeof MetadataCondition.$inferInput)[] | null;
}

export const DocumentFilterInput = builder.inputRef<DocumentFilterShape>('DocumentFilter').implement({
  description:
    'Which documents are meant; everything given must hold. Example: `{ collection: { eq: "policies" }, attributes: [{ name: "year", number: { gte: 2024 } }] }`.',
  fields: (t) => ({
    and: t.field({ type: [DocumentFilterInput], description: 'All of these.' }),
    or: t.field({ type: [DocumentFilterInput], description: 'At least one of these; none without any.' }),
    not: t.field({ type: DocumentFilterInput, description: 'The opposite of this.' }),
    collection: t.field({ type: TextCondition, description: 'By the collection.' }),
    externalId: t.field({ type: TextCondition, description: "By the caller's own key." }),
    title: t.field({ type: TextCondition, description: 'By the title.' }),
    status: t.field({ type: TextCondition, description: 'By the status, such as `{ eq: "published" }`.' }),
    createdAt: t.field({ type: DateTimeCondition, description: 'By when it was first stored.' }),
    updatedAt: t.field({ type: DateTimeCondition, description: 'By when it last changed.' }),
    attributes: t.field({
      type: [AttributeCondition],
      description: 'By declared attributes, through their indexes; all of these.',
    }),
    metadata: t.field({ type: [MetadataCondition], description: 'By any keys of `metadata`, slower; all of these.' }),
  }),
});
