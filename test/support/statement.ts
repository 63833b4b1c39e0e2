import { CompiledQuery } from 'kysely';
import type { Statement } from '../../src/db/database.ts';

/** A statement in SQL as a test writes it, for what takes Kysely's. */
export function statement<Row>(text: string, parameters: readonly unknown[] = []): Statement<Row> {
  const query = CompiledQuery.raw(text, [...parameters]) as CompiledQuery<Row>;
  return { compile: () => query };
}
