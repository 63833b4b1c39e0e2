/** Conditions on one value; those that are given must all hold. Absent values (null) match nothing but `is: NULL`. */
export interface Condition<Value> {
  readonly eq?: Value;
  readonly neq?: Value;
  readonly gt?: Value;
  readonly gte?: Value;
  readonly lt?: Value;
  readonly lte?: Value;
  readonly in?: readonly Value[];
  readonly is?: 'NULL' | 'NOT_NULL';
  /** Text only. */
  readonly startsWith?: string;
}

/** Conditions on a list of texts; those that are given must all hold. An empty list is an absent value. */
export interface ListCondition {
  readonly contains?: string;
  readonly containsAny?: readonly string[];
  readonly containsAll?: readonly string[];
  readonly is?: 'NULL' | 'NOT_NULL';
}

/**
 * A condition on a declared attribute. Where the document's collection does not declare it, or as another type than the
 * condition's, it has no value.
 */
export interface AttributeCondition {
  readonly name: string;
  readonly text?: Condition<string>;
  readonly number?: Condition<number>;
  readonly boolean?: Condition<boolean>;
  readonly date?: Condition<Date>;
  readonly textList?: ListCondition;
}

/** A condition on one attribute of `metadata`. A value of another JSON type than the condition's matches nothing. */
export interface MetadataCondition {
  readonly key: string;
  readonly text?: Condition<string>;
  readonly number?: Condition<number>;
  readonly boolean?: Condition<boolean>;
}

/** Which documents are meant: the fields that are given must all hold. */
export interface DocumentFilter {
  readonly and?: readonly DocumentFilter[];
  readonly or?: readonly DocumentFilter[];
  readonly not?: DocumentFilter;
  readonly collection?: Condition<string>;
  readonly externalId?: Condition<string>;
  readonly title?: Condition<string>;
  readonly status?: Condition<string>;
  readonly createdAt?: Condition<Date>;
  readonly updatedAt?: Condition<Date>;
  /** By declared attributes, through their indexes. */
  readonly attributes?: readonly AttributeCondition[];
  readonly metadata?: readonly MetadataCondition[];
}
