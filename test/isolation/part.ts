import type { Difference, DifferenceKind } from './world.ts';

/** What one operation of a request got. */
export interface Got {
  /** Its field of the data; undefined where there are none. */
  readonly value: unknown;
  readonly codes: readonly string[];
}

export type Report = (kind: DifferenceKind, message: string) => void;

/** One field of a GraphQL request, and what the model says of the answer. */
export interface Part {
  readonly kind: string;
  /** The field with its arguments and selection; variables by their names here. */
  readonly field: string;
  readonly variables: Readonly<Record<string, readonly [type: string, value: unknown]>>;
  /** What the token must hold, or it is refused. */
  readonly scopes: readonly string[];
  /** Of a writer, who may learn ids of documents that it may not read. */
  readonly writes?: boolean;
  /** Answers with ids of documents whoever may see them, and with nothing else of them. */
  readonly showsIds?: boolean;
  /** May be refused, which takes the data of a whole request with it, so it has a request of its own. */
  readonly alone?: boolean;
  /** Compares, and tells how many rows it compared. */
  check(got: Got, report: Report): number;
}

/** Writes the parts as one operation, each under an alias of its own. */
export function requestOf(parts: readonly Part[]): { query: string; variables: Record<string, unknown> } {
  const types: string[] = [];
  const variables: Record<string, unknown> = {};
  const fields = parts.map(({ field, variables: own }, index) => {
    for (const [name, [type, value]] of Object.entries(own)) {
      types.push(`$${aliasOf(index)}_${name}: ${type}`);
      variables[`${aliasOf(index)}_${name}`] = value;
    }
    return `${aliasOf(index)}: ${field.replaceAll('$', `$${aliasOf(index)}_`)}`;
  });
  const verb = parts.some(({ writes }) => writes) ? 'mutation' : 'query';
  return { query: `${verb} Fuzz${types.length > 0 ? `(${types.join(', ')})` : ''} { ${fields.join(' ')} }`, variables };
}

export function aliasOf(index: number): string {
  return `p${index}`;
}

/** The field of an object of whatever shape. */
export function fieldOf(value: unknown, ...path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>(
    (inner, key) => (inner as Record<string | number, unknown> | null | undefined)?.[key],
    value,
  );
}

export function describe({ kind, message }: Difference): string {
  return `${kind}: ${message}`;
}

/** A value as text for a message, not too long. */
export function show(value: unknown): string {
  return (JSON.stringify(value) ?? 'undefined').slice(0, 600);
}
