import type { CompiledQuery } from 'kysely';

/** A compiled statement as it is sent. Every compiled Kysely query is one. */
export interface Query<Row = unknown> extends CompiledQuery<Row> {
  /** A connection keeps a statement parsed under its name: the same name must always mean the same text. */
  readonly name?: string;
  /** With a name: its plan is the same for every tenant, so a connection makes it once, without a look at its parameters. */
  readonly isPlannedOnce?: boolean;
  /** Says how it travels with others like it. */
  readonly merge?: Merge;
}

/** How several statements that differ in little become one, because planning each costs more than running it. */
export interface Merge {
  /** Statements whose likeness is the same can be one. Asked for only where several wait. */
  likeness(): string;
  /** One statement for several that are alike. */
  query(queries: readonly Query[]): Query;
  /** The rows that the statement at an index, from 0, would have had by itself. */
  rowsOf(rows: readonly unknown[], index: number): unknown[];
}
