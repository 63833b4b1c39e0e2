import type { QueryCreator } from 'kysely';

/**
 * A statement with one more named stage, which is computed by itself: PostgreSQL plans it as it stands, and stage one stays the
 * plain ordered scan that its index serves.
 */
export function withStage<Tables>(
  db: QueryCreator<Tables>,
  name: keyof Tables & string,
  stage: unknown,
): QueryCreator<Tables> {
  return db.with(
    (cte) => cte(name).materialized(),
    () => stage as never,
  ) as unknown as QueryCreator<Tables>;
}
