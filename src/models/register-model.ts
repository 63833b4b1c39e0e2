import { type Database, transact } from '../db/database.ts';
import { operatorScope, workerScope } from '../db/scope.ts';
import type { ModelIdentity } from '../embed/embedder.ts';
import { StartupError } from '../errors.ts';
import { insertModelStatement, modelsStatement } from './model-statements.ts';

/** Who registers, and so in which scope. */
export type Registrant = 'gateway' | 'worker';

/**
 * Registers the configured models, or finds them, and refuses to start without one that is some tenant's: its vectors could be
 * neither searched nor kept current, and they cannot be mixed with another's.
 * @param models one, or two while tenants move from one to the other.
 * @returns the models' ids, in the same order.
 * @throws {StartupError} with instructions, when tenants' vectors belong to another model.
 */
export function registerModels(
  database: Database,
  models: readonly ModelIdentity[],
  registrant: Registrant,
): Promise<number[]> {
  const scope = registrant === 'gateway' ? operatorScope : workerScope();
  return transact(database, scope, async (execute) => {
    for (const model of models) await execute(insertModelStatement(model));
    const known = await execute(modelsStatement());
    const other = known.find(({ name, inUse }) => inUse && models.every((model) => model.name !== name));
    if (other) throw mixed(models, other);
    return models.map((model) => {
      const mine = known.find(({ name }) => name === model.name);
      if (mine?.dimensions !== model.dimensions) throw mixed([model], mine ?? model);
      return mine.id;
    });
  });
}

/** {@link registerModels} for one. */
export async function registerModel(database: Database, model: ModelIdentity, registrant: Registrant): Promise<number> {
  const [id] = await registerModels(database, [model], registrant);
  return id as number;
}

function mixed(configured: readonly ModelIdentity[], stored: ModelIdentity): StartupError {
  const names = configured.map(({ name, dimensions }) => `${name} (${dimensions} dimensions)`).join(' and ');
  return new StartupError(
    `The vectors in this database were made by ${stored.name} (${stored.dimensions} dimensions), and this program is ` +
      `configured for ${names}. Vectors of two models cannot be compared, ` +
      'so nothing was started. Set EMBEDDER, EMBEDDING_MODEL and EMBEDDING_DIMENSIONS back to the stored model, and the same ' +
      'with NEXT_ before them to the new one: "tessera models" moves tenants from one to the other.',
    { exitCode: 78 },
  );
}
