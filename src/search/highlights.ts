import { sql } from 'kysely';
import { sqlBuilder } from '../db/compile.ts';
import type { ChunkId, TenantId } from '../ids.ts';

/** A part of a passage's text where a word of the query stands. */
export interface Highlight {
  /** UTF-16 offsets in the passage's text; end is exclusive. */
  readonly start: number;
  readonly end: number;
}

/** A passage's text with marks around the words of the query. */
export interface MarkedText {
  /** Null where the query has no word in the passage's language. */
  readonly marked: string | null;
  /** The tokens of the text, which together are the text: only where some are missing in `marked`. */
  readonly tokens: readonly string[] | null;
}

/** Private-use characters, which `ts_headline` puts around the words that it finds. */
const open = '\uE000';
const close = '\uE001';
/** Stands for those in a text that has them itself: one UTF-16 unit for one, so that offsets stay as they are. */
const neither = '\uE002';

/** Tokens of more bytes are left out of every analysis and of what `ts_headline` returns (`MAXSTRLEN`). */
const mostTokenBytes = 2_047;
/** The default parser's types `url`, `numhword`, `asciihword` and `hword`: whole tokens whose parts come as tokens behind them. */
const typesWithParts = '{5,15,16,17}';

/** The texts of some passages with the query's words marked, in whatever form they stand there, each in its own language. */
export function highlightsStatement(tenantId: TenantId, words: string, chunkIds: readonly ChunkId[]) {
  const query = sql`(select string_agg(quote_literal(lexeme), ' | ')::tsquery from unnest(lexemes(language, ${words})))`;
  const options = `StartSel="${open}", StopSel="${close}", HighlightAll=true`;
  const unmarked = sqlBuilder
    .selectFrom('chunks')
    .select([
      sql.ref<ChunkId>('id').as('id'),
      'language',
      sql<string>`translate(text, ${open + close}, ${neither + neither})`.as('plain'),
    ])
    .where('tenant_id', '=', tenantId)
    .where('id', '=', sql<string>`any(${chunkIds}::uuid[])`);
  // The offset keeps a text from being marked once more for the comparison below.
  const marked = sqlBuilder
    .selectFrom(unmarked.as('unmarked'))
    .select([
      'id',
      'plain',
      sql<string | null>`ts_headline(language::regconfig, plain, ${query}, ${options})`.as('marked'),
    ])
    .offset(sql.lit(0));
  const tokens = sql<string[]>`array(
    select token from ts_parse('default', plain) with ordinality as parsed (type, token, place)
    where type <> all (${typesWithParts}::integer[]) order by place)`;
  return sqlBuilder
    .selectFrom(marked.as('marked'))
    .select([
      'id',
      'marked',
      sql<string[] | null>`case when translate(marked, ${open + close}, '') <> plain then ${tokens} end`.as('tokens'),
    ]);
}

/** Where the marks are, as offsets in the text without them and with everything that is missing. */
export function readHighlights({ marked, tokens }: MarkedText): Highlight[] {
  const toText = tokens ? restoreOffsets(tokens) : (offset: number) => offset;
  const highlights: Highlight[] = [];
  let removed = 0;
  let start: number | undefined;
  for (const { 0: mark, index } of (marked ?? '').matchAll(/[\uE000\uE001]/g)) {
    const offset = index - removed++;
    if (mark === open) start = offset;
    else if (start !== undefined) {
      const from = toText(start);
      highlights.push({ start: from, end: from + offset - start });
    }
  }
  return highlights;
}

/** From the beginning of a token in what is left of a text to its beginning in the text. */
function restoreOffsets(tokens: readonly string[]): (offset: number) => number {
  const gaps: { readonly at: number; readonly length: number }[] = [];
  let at = 0;
  for (const token of tokens) {
    if (Buffer.byteLength(token) > mostTokenBytes) gaps.push({ at, length: token.length });
    else at += token.length;
  }
  return (offset) => offset + gaps.reduce((sum, gap) => (gap.at <= offset ? sum + gap.length : sum), 0);
}
