import type { Database } from '../db/database.ts';
import { transact } from '../db/database.ts';
import { workerScope } from '../db/scope.ts';
import type { TenantId } from '../ids.ts';
import { corpusSizesStatement, countTermsStatement, recordCorpusStatement } from './term-stats-statements.ts';

/** Share of a tenant's chunks that may come or go before its terms are counted again. Ranking hardly moves below it. */
const tolerance = 0.05;

/**
 * Counts a tenant's document frequencies again where its chunks have grown or shrunk by more than 5 % since the last time.
 * @returns the languages that were counted.
 */
export function refreshTermStats(database: Database, tenantId: TenantId): Promise<string[]> {
  return transact(database, workerScope(tenantId), async (execute) => {
    const counted: string[] = [];
    for (const size of await execute(corpusSizesStatement(tenantId))) {
      if (size.counted !== null && Math.abs(size.chunks - size.counted) <= tolerance * size.counted) continue;
      await execute(countTermsStatement(tenantId, size.language));
      await execute(recordCorpusStatement(tenantId, size.language, size.chunks));
      counted.push(size.language);
    }
    return counted;
  });
}
