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
    gt: t.field({ type: 'DateTime', description: 'After this.' }),
    gte: t.field({ type: 'DateTime', description: 'At this or after.' }),
    lt: t.field({ type: 'DateTime', description: 'Before this.' }),
    lte: t.field({ type: 'DateTime', description: 'At this or before.' }),
  }),
});

const MetadataCondition = builder.inputType('MetadataCondition', {
  description:
    'A condition on one attribute of `metadata`. An attribute of another type than the condition matches nothing.',
  fields: (t) => ({
    key: t.string({ required: true, description: "The attribute's name." }),
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
  createdAt?: typeof DateTimeCondition.$inferInput | null;
  updatedAt?: typeof DateTimeCondition.$inferInput | null;
  metadata?: (typeof MetadataCondition.$inferInput)[] | null;
}

export const DocumentFilterInput = builder.inputRef<DocumentFilterShape>('DocumentFilter').implement({
  description:
    'Which documents are meant; everything given must hold. Example: `{ collection: { eq: "policies" }, metadata: [{ key: "year", number: { gte: 2024 } }] }`.',
  fields: (t) => ({
    and: t.field({ type: [DocumentFilterInput], description: 'All of these.' }),
    or: t.field({ type: [DocumentFilterInput], description: 'At least one of these; none without any.' }),
    not: t.field({ type: DocumentFilterInput, description: 'The opposite of this.' }),
    collection: t.field({ type: TextCondition, description: 'By the collection.' }),
    externalId: t.field({ type: TextCondition, description: "By the caller's own key." }),
    title: t.field({ type: TextCondition, description: 'By the title.' }),
    createdAt: t.field({ type: DateTimeCondition, description: 'By when it was first stored.' }),
    updatedAt: t.field({ type: DateTimeCondition, description: 'By when it last changed.' }),
    metadata: t.field({ type: [MetadataCondition], description: 'By attributes; all of these.' }),
  }),
});
