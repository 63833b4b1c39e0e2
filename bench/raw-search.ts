import type pg from 'pg';
import type { Database } from '../src/db/database.ts';
import { planOnceSettings } from '../src/db/plan-once.ts';
import type { Query } from '../src/db/query.ts';
import { type Scope, scopeStatement, settingsStatement } from '../src/db/scope.ts';
import { parseTenantId } from '../src/ids.ts';
import { createTunedSearch } from '../src/recall/tuned-search.ts';
import { search } from '../src/search/search.ts';
import type { Question } from './questions.ts';
import { benchModel } from './seed-tessera.ts';
import { dimensions } from './vector-source.ts';

/** Exactly what the gateway sends to PostgreSQL for a search, compiled in advance: parsed and planned as often as there. */
export interface RawSearch {
  readonly opening: string;
  readonly settings: string;
  /** Under which the connection keeps it parsed, as the gateway's does. */
  readonly name: string;
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
  const principal = {
    tenantId: parseTenantId(question.tenantId),
    subject: 'bench',
    groups: [],
    scopes: ['search', 'documents:read'] as const,
  };
  let captured: { scope: Scope; query: Query } | undefined;
  const capturing: Database = {
    ...database,
    read: async (scope, queries) => {
      captured = { scope, query: queries[0] as Query };
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
    ...createTunedSearch({ database }),
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
    settings: [settingsStatement(settings), ...(captured.query.isPlannedOnce ? [planOnceSettings] : [])].join('; '),
    name: captured.query.name as string,
    text: captured.query.sql,
    values: [...captured.query.parameters],
  };
}

/** What is read of the rows; they hold more. */
export interface RawHit {
  readonly chunkId: string;
  readonly score: number;
  readonly title: string;
  readonly text: string;
}

/** Sends it, pipelined, and nothing else. @returns the rows. */
export async function sendRaw(pool: pg.Pool, { opening, settings, name, text, values }: RawSearch): Promise<RawHit[]> {
  const client = await pool.connect();
  try {
    const [, , { rows }] = await Promise.all([
      client.query(opening),
      client.query(settings),
      client.query({ name, text, values }),
      client.query('commit'),
    ]);
    return rows;
  } finally {
    client.release();
  }
}
