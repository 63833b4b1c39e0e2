import type { Database } from '../db/database.ts';
import { halfvecParameter, vectorParameter } from '../db/vector-parameter.ts';
import { StartupError } from '../errors.ts';
import type { TenantId } from '../ids.ts';
import { readTenantModels } from '../models/change-roles.ts';
import type { SampledQuery } from '../recall/recall-statements.ts';
import { coarseVector } from '../vector.ts';
import type { CommandContext } from './command.ts';
import { openEmbedders } from './embedders.ts';
import { chooseSampled } from './models/compare-queries.ts';
import { operator } from './operator.ts';

type Embedders = Awaited<ReturnType<typeof openEmbedders>>;
/** What makes the vectors of queries that gateways kept, by the tenant's model of that role. */
export type ReadKeptQueries = (
  tenantId: TenantId,
  role: 'active' | 'candidate',
  sample: number,
) => Promise<readonly SampledQuery[] | undefined>;

/** Fewer say nothing: as the least of `--sample`. */
export const leastQueries = 10;

/**
 * Opens the embedders of the settings, to measure with what people asked.
 * @returns what gives undefined for a tenant of which too few were kept, and throws a {StartupError} where its model is not configured.
 */
export async function openKeptQueries(context: CommandContext, database: Database): Promise<ReadKeptQueries> {
  const embedders = await openEmbedders(context.config(), context.logger());
  return async (tenantId, role, sample) => {
    const models = await readTenantModels({ database }, operator, [tenantId]);
    const name = models.find((one) => one.role === role)?.name;
    const embedder = findEmbedder(embedders, name);
    if (!embedder)
      throw new StartupError(`${tenantId}: its model ${name ?? '(none)'} is not configured here.`, { exitCode: 78 });
    const { texts } = await chooseSampled(database, tenantId, sample);
    if (texts.length < leastQueries) return undefined;
    const queries: SampledQuery[] = [];
    for (const text of texts) {
      const [full] = await embedder.embed([text], { purpose: 'query', tenantId, signal: context.signal });
      // A text of which the model knows no word is near to nothing.
      if (full) queries.push({ full: vectorParameter(full), coarse: halfvecParameter(coarseVector(full)) });
    }
    return queries;
  };
}

function findEmbedder({ queries, next }: Embedders, name: string | undefined) {
  return [queries, ...(next ? [next.queries] : [])].find(({ model }) => model.name === name);
}
