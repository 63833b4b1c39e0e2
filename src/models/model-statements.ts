import { sql } from 'kysely';
import { sqlBuilder } from '../db/compile.ts';
import type { ModelIdentity } from '../embed/embedder.ts';

/** Every model that was ever configured, and whether it is active or a candidate for some tenant. */
export function modelsStatement() {
  return sqlBuilder
    .selectFrom('models')
    .select(['id', 'name', 'dimensions', sql<boolean>`models.id in (select models_in_use())`.as('inUse')])
    .orderBy('id');
}

export function insertModelStatement(model: ModelIdentity) {
  return sqlBuilder
    .insertInto('models')
    .values({ name: model.name, dimensions: model.dimensions })
    .onConflict((oc) => oc.column('name').doNothing())
    .returning('id');
}
