import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import type { Statement } from '../db/database.ts';
import { isTenantId } from '../ids.ts';
import { isLanguage } from '../language.ts';
import type { IndexKind, WordTarget } from './index-kind.ts';
import { maintenanceStatement } from './index-statements.ts';
import { recordWordIndexStatement } from './word-statements.ts';

/** The name of a word index: the tenant and the language, hashed, because a tenant id may be longer than a name. */
export function wordIndexName({ tenantId, language }: WordTarget): string {
  const hash = createHash('sha256').update(`${tenantId}/${language}`).digest('hex');
  return `chunks_words_${hash.slice(0, 12)}`;
}

/**
 * Builds the word index of one tenant and language. The literals are part of its predicate: a look-up that names both is
 * what makes the planner see that the index serves it.
 *
 * Without `fastupdate`: new entries go to their place in the index at once and not to a list that every search reads from
 * end to end until a vacuum empties it. 2,000 chunks in the list made a look-up of 0.02 ms one of 1.6 ms; writing a chunk
 * took 0.90 ms in place of 0.50 ms, and 0.42 ms without a word index.
 */
export function createWordIndexStatement(target: WordTarget): Statement<unknown> {
  const { tenantId, language } = target;
  if (!isTenantId(tenantId)) throw new TypeError('An index was to be built for a tenant id that is not one.');
  if (!isLanguage(language)) throw new TypeError('An index was to be built for a language that is not one.');
  return maintenanceStatement(
    sql`create index concurrently ${sql.ref(wordIndexName(target))} on tessera.chunks
      using gin (tsv) with (fastupdate = off)
      where tenant_id = ${sql.lit<string>(tenantId)} and language = ${sql.lit<string>(language)}`,
  );
}

export function analyzeChunksStatement(): Statement<unknown> {
  return maintenanceStatement(sql`analyze tessera.chunks (tenant_id, language)`);
}

/** Memory of the lexemes while they are collected, in bytes a chunk of 100 words. */
const lexemeBytesPerChunk = 2_000;
const leastMemoryMb = 64;

/** A partial GIN index over the lexemes of one tenant and language. */
export const wordKind: IndexKind<WordTarget> = {
  name: 'words',
  table: 'chunks',
  namePattern: '^chunks_words_[0-9a-f]{12}$',
  indexName: wordIndexName,
  createStatement: createWordIndexStatement,
  analyzeStatement: analyzeChunksStatement,
  recordStatement: recordWordIndexStatement,
  buildMemoryMb: (chunks, mostMb) =>
    Math.max(leastMemoryMb, Math.min(Math.ceil((chunks * lexemeBytesPerChunk) / 2 ** 20), mostMb)),
};
