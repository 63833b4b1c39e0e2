import { type Database, transact } from '../db/database.ts';
import { operatorScope, workerScope } from '../db/scope.ts';
import type { ModelIdentity } from '../embed/embedder.ts';
import { StartupError } from '../errors.ts';
import { insertModelStatement, modelsStatement, modelsWithJobsStatement } from './model-statements.ts';

/** Who registers: a gateway sees which model every tenant has, a worker only which models' jobs wait. */
export type Registrant = 'gateway' | 'worker';

/**
 * Registers the configured model, or finds it, and refuses to mix its vectors with those of another.
 * @returns the model's id.
 * @throws {StartupError} with instructions, when tenants' vectors belong to another model.
 */
export function registerModel(database: Database, model: ModelIdentity, registrant: Registrant): Promise<number> {
  const scope = registrant === 'gateway' ? operatorScope : workerScope();
  const statement = registrant === 'gateway' ? modelsStatement() : modelsWithJobsStatement();
  return transact(database, scope, async (execute) => {
    await execute(insertModelStatement(model));
    const known = await execute(statement);
    const mine = known.find(({ name }) => name === model.name);
    const other = known.find(({ name, inUse }) => name !== model.name && inUse);
    if (other) throw mixed(model, other);
    if (mine?.dimensions !== model.dimensions) throw mixed(model, mine ?? model);
    return mine.id;
  });
}

function mixed(configured: ModelIdentity, stored: ModelIdentity): StartupError {
  return new StartupError(
    `The vectors in this database were made by ${stored.name} (${stored.dimensions} dimensions), and this program is ` +
      `configured for ${configured.name} (${configured.dimensions} dimensions). Vectors of two models cannot be compared, ` +
      'so nothing was started. Set EMBEDDER, EMBEDDING_MODEL and EMBEDDING_DIMENSIONS back to the stored model, or ingest ' +
      'into an empty database with the new one.',
    { exitCode: 78 },
  );
}
