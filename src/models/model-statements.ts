import { sqlBuilder } from '../db/compile.ts';
import type { ModelIdentity } from '../embed/embedder.ts';

/** Every model that a vector was ever made with, and whether a tenant's active vectors are its own. */
export function modelsStatement() {
  return sqlBuilder
    .selectFrom('models')
    .select((eb) => [
      'id',
      'name',
      'dimensions',
      eb
        .exists(
          eb
            .selectFrom('tenant_models')
            .select('tenant_models.model_id')
            .whereRef('tenant_models.model_id', '=', 'models.id')
            .where('tenant_models.role', '=', 'active'),
        )
        .as('inUse'),
    ])
    .orderBy('id');
}

/** The same as a worker can tell: it sees no tenant's models, and the outbox of all. */
export function modelsWithJobsStatement() {
  return sqlBuilder
    .selectFrom('models')
    .select((eb) => [
      'id',
      'name',
      'dimensions',
      eb
        .exists(
          eb
            .selectFrom('embedding_jobs')
            .select('embedding_jobs.model_id')
            .whereRef('embedding_jobs.model_id', '=', 'models.id'),
        )
        .as('inUse'),
    ])
    .orderBy('id');
}

export function insertModelStatement(model: ModelIdentity) {
  return sqlBuilder
    .insertInto('models')
    .values({ name: model.name, dimensions: model.dimensions })
    .onConflict((oc) => oc.column('name').doNothing())
    .returning('id');
}
