import { sql } from 'kysely';
import { sqlBuilder } from '../db/compile.ts';
import type { ChunkId, TenantId } from '../ids.ts';

/** A part of a passage's text where a word of the query stands. */
export interface Highlight {
  /** UTF-16 offsets in the passage's text; end is exclusive. */
  readonly start: number;
  readonly end: number;
}

/** Private-use characters, which `ts_headline` puts around the words that it finds. A text that holds them has no highlights. */
const open = '\uE000';
const close = '\uE001';

/** The texts of some passages with the query's words marked, in whatever form they stand there, each in its own language. */
export function highlightsStatement(tenantId: TenantId, words: string, chunkIds: readonly ChunkId[]) {
  const query = sql`(select string_agg(quote_literal(lexeme), ' | ')::tsquery from unnest(lexemes(language, ${words})))`;
  const options = `StartSel="${open}", StopSel="${close}", HighlightAll=true`;
  return sqlBuilder
    .selectFrom('chunks')
    .select([
      sql.ref<ChunkId>('id').as('id'),
      sql<string | null>`ts_headline(language::regconfig, text, ${query}, ${options})`.as('marked'),
    ])
    .where('tenant_id', '=', tenantId)
    .where('id', '=', sql<string>`any(${chunkIds}::uuid[])`);
}

/** Where the marks are, as offsets in the text without them. */
export function readHighlights(marked: string | null): Highlight[] {
  const highlights: Highlight[] = [];
  let removed = 0;
  let start: number | undefined;
  for (const { 0: mark, index } of (marked ?? '').matchAll(/[\uE000\uE001]/g)) {
    const offset = index - removed++;
    if (mark === open) start = offset;
    else if (start !== undefined) highlights.push({ start, end: offset });
  }
  return highlights;
}
