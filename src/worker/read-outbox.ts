import { sql } from 'kysely';
import { sqlBuilder } from '../db/compile.ts';
import { type Database, readInFlight } from '../db/database.ts';
import { workerScope } from '../db/scope.ts';

/** The outbox of one model, over all tenants. */
export interface OutboxOfModel {
  readonly model: string;
  readonly waiting: number;
  /** Since the oldest was written; 0 where nothing waits. */
  readonly oldestSeconds: number;
  /** Chunks that the provider refused for good. */
  readonly dead: number;
}

/** The outbox of every model, those with nothing in it included; only the worker's role sees it. Counts every row. */
export function outboxByModelStatement() {
  return sqlBuilder
    .selectFrom('models')
    .leftJoin('embedding_jobs as j', 'j.model_id', 'models.id')
    .select([
      'models.name as model',
      sql<number>`(count(j.chunk_id) filter (where j.dead_at is null))::integer`.as('waiting'),
      sql<number>`coalesce(extract(epoch from now() - min(j.created_at) filter (where j.dead_at is null)), 0)::float8`.as(
        'oldestSeconds',
      ),
      sql<number>`(count(j.dead_at))::integer`.as('dead'),
    ])
    .groupBy('models.name')
    .orderBy('models.name');
}

/**
 * Reads how much waits, and how much was given up.
 * @param database connected as the worker's login.
 */
export async function readOutbox(database: Database): Promise<OutboxOfModel[]> {
  const [rows] = await readInFlight(database, workerScope(), [outboxByModelStatement()]);
  return rows;
}
