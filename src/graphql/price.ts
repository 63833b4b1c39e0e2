/**
 * What a field costs, in points; an object is one, and a scalar is nothing. The same figures bound a request
 * (`query-price.ts`) and tell a federation router what to expect (`@cost` and `@listSize` of the subgraph's SDL).
 */
export interface Price {
  /** Points of the field itself, whatever it returns. */
  readonly points?: number;
  /** How many items the field's list has. */
  readonly list?: {
    /** An argument that says so: a number, or a list by its length. */
    readonly argument?: string;
    /** Where the argument is absent. */
    readonly otherwise: number;
    /** Where the field refuses more: that is said by the field, in better words than those of a price. */
    readonly most?: number;
    /** Fields of the result that have that many items, for a connection; absent where the field itself is the list. */
    readonly fields?: readonly string[];
  };
}

/** Where a field of the schema keeps its price. */
const key = 'tesseraPrice';

/** The `extensions` of a field with a price. */
export function priced(price: Price): Record<string, Price> {
  return { [key]: price };
}

/** The price of a field, as {@link priced} gave it. */
export function priceOf(field: { readonly extensions: Readonly<Record<string, unknown>> }): Price {
  return (field.extensions[key] as Price | undefined) ?? {};
}

/** Points of a connection's field, whose page is as long as `first` says. */
export function pricedPage(points: number): Record<string, Price> {
  return priced({ points, list: { argument: 'first', otherwise: 10, most: 100, fields: ['edges'] } });
}
