/** What the values of a declared attribute are. */
export const attributeTypes = ['text', 'number', 'boolean', 'date', 'text_list'] as const;

export type AttributeType = (typeof attributeTypes)[number];

/** An attribute of `metadata` that a collection declares: its values are kept as typed, indexed rows. */
export interface Attribute {
  readonly name: string;
  readonly type: AttributeType;
}

export const attributeLimits = {
  perCollection: 32,
  /** Of a text, or of one element of a text list, as UTF-8: an entry of a B-tree takes 2,704 with its other columns. */
  textBytes: 2_048,
  listLength: 256,
} as const;

/** Names that need no quoting anywhere. At most 63 characters, as long as an identifier of PostgreSQL's. */
export const attributeNamePattern = /^[A-Za-z_][A-Za-z0-9_.-]{0,62}$/;

/**
 * A day, or a moment with its offset from UTC, in ISO 8601. Means the same to JavaScript and to PostgreSQL, which reads it,
 * too. The calendar has the last word: it lets 31 February pass.
 */
export const datePattern =
  /^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])(T([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,6})?)?(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9]))?$/;
