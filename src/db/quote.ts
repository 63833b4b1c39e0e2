import pg from 'pg';

/** An identifier for DDL, in quotes. Statements take theirs through Kysely. */
export function quoteIdentifier(name: string): string {
  return pg.escapeIdentifier(name);
}

/** A literal for DDL, which takes no parameters. */
export function quoteLiteral(value: string): string {
  return pg.escapeLiteral(value).trimStart();
}
