import type { Database } from '../db/database.ts';
import { transact } from '../db/database.ts';
import { workerScope } from '../db/scope.ts';
import type { TenantId } from '../ids.ts';
import { corpusSizesStatement, countTermsStatement, recordCorpusStatement } from './term-stats-statements.ts';

/** Share of a tenant's chunks that may come or go before its terms are counted again. Ranking hardly moves below it. */
const tolerance = 0.05;

/** Counting 100,000 chunks took 31 seconds on two busy cores, more than a statement of a request may take. */
const countTimeoutMs = 900_000;

/**
 * Counts a tenant's document frequencies again where more than 5 % of its chunks came or went since the last time.
 * @returns the languages that were counted.
 */
export function refreshTermStats(database: Database, tenantId: TenantId): Promise<string[]> {
  const patient = { ...database, scopeDefaults: { ...database.scopeDefaults, statementTimeoutMs: countTimeoutMs } };
  return transact(patient, workerScope(tenantId), async (execute) => {
    const outdated = (await execute(corpusSizesStatement(tenantId))).filter(isOutdated);
    for (const { language, chunks, written } of outdated) {
      await execute(countTermsStatement(tenantId, language));
      await execute(recordCorpusStatement(tenantId, language, chunks, written ?? 0));
    }
    return outdated.map(({ language }) => language);
  });
}

interface CorpusSize {
  readonly chunks: number;
  readonly counted: number | null;
  readonly written: number | null;
}

function isOutdated({ chunks, counted, written }: CorpusSize): boolean {
  if (counted === null) return true;
  return Math.max(Math.abs(chunks - counted), written ?? 0) > tolerance * counted;
}
