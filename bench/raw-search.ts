import type { CompiledQuery } from 'kysely';
import type pg from 'pg';
import type { Database } from '../src/db/database.ts';
import { type Scope, scopeStatement, settingsStatement } from '../src/db/scope.ts';
import { parseTenantId } from '../src/ids.ts';
import { search } from '../src/search/search.ts';
import type { ChooseDepth } from '../src/search/search-depth.ts';
import type { Question } from './questions.ts';
import { benchModel } from './seed-tessera.ts';
import { dimensions } from './vector-source.ts';

/** What BALANCED means where nothing was measured. */
const chooseDepth: ChooseDepth = async () => ({
  kind: 'two-stage',
  stageOne: 'planned',
  tier: 'exact',
  chunks: null,
  candidates: 100,
  efSearch: 100,
  measuredRecall: null,
  measuredAt: null,
  reached: true,
});

/** Exactly what the gateway sends to PostgreSQL for a search, compiled in advance. */
export interface RawSearch {
  readonly opening: string;
  readonly settings: string;
  readonly text: string;
  readonly values: unknown[];
}

/** Ends a search whose statement was captured, before it looks for more. */
const enough = new Error('The statement of the search was captured.');

/** Lets the gateway's own code make the statements of a search, and keeps them instead of sending them. */
export async function captureSearch(
  database: Database,
  modelId: number,
  question: Question,
  groupBy: 'DOCUMENT' | 'CHUNK' = 'DOCUMENT',
): Promise<RawSearch> {
  const principal = { tenantId: parseTenantId(question.tenantId), subject: 'bench', groups: [], scopes: [] };
  let captured: { scope: Scope; query: CompiledQuery } | undefined;
  const capturing: Database = {
    ...database,
    read: async (scope, queries) => {
      captured = { scope, query: queries[0] as CompiledQuery };
      throw enough;
    },
  };
  const embedder = {
    model: { name: benchModel, dimensions },
    fusionWeights: { keyword: 1, semantic: 1 },
    maxTokens: 8_000,
    maxBatch: 1,
    countTokens: () => 1,
    embed: async () => [question.vector],
  };
  const deps = {
    database: capturing,
    embedder,
    modelId,
    chooseDepth,
    wordIndexes: async () => [],
    hasAccessLists: async () => false,
  };
  await search(deps, principal, { text: question.text, mode: 'SEMANTIC', groupBy }, { first: 10 }).catch(
    (error: unknown) => {
      if (error !== enough) throw error;
    },
  );
  if (!captured) throw new Error('The search sent nothing.');
  const { settings = {}, ...scope } = captured.scope;
  return {
    opening: `begin read only; ${scopeStatement(scope, database.scopeDefaults)}`,
    settings: settingsStatement(settings),
    text: captured.query.sql,
    values: [...captured.query.parameters],
  };
}

/** Sends it, pipelined, and nothing else. @returns the rows. */
export async function sendRaw(
  pool: pg.Pool,
  { opening, settings, text, values }: RawSearch,
): Promise<{ chunkId: string }[]> {
  const client = await pool.connect();
  try {
    const [, , { rows }] = await Promise.all([
      client.query(opening),
      client.query(settings),
      client.query({ text, values }),
      client.query('commit'),
    ]);
    return rows;
  } finally {
    client.release();
  }
}
