/**
 * What the two stages find of real vectors: recall@10 by the number of candidates, with the statements that searches send,
 * as the gateway under row-level security.
 *
 *   npm run bench -- recall [--data DIR]
 */
import { createHash } from 'node:crypto';
import type pg from 'pg';
import { copyBinary, shortField } from '../src/db/copy-binary.ts';
import { readInFlight } from '../src/db/database.ts';
import { openPool } from '../src/db/open-pool.ts';
import { halfvecParameter, vectorParameter } from '../src/db/vector-parameter.ts';
import { parseTenantId, type TenantId } from '../src/ids.ts';
import { measureSettings } from '../src/recall/measure-settings.ts';
import { mean } from '../src/recall/recall-measures.ts';
import { sampleQueriesStatement } from '../src/recall/recall-statements.ts';
import { measuringScope } from '../src/recall/timed-read.ts';
import { coarseVector } from '../src/vector.ts';
import { openBenchServer, withClient } from './bench-server.ts';
import { type RealVectors, readRealVectors } from './real-vectors.ts';
import { type Measures, measure, printMeasures, readServer, saveResults } from './results.ts';

/**
 * Recall that each number of candidates must reach over all vectors in one tenant, which is the hardest: a little below
 * what was measured. 11 is the coarse vector alone: ten, and the query itself.
 */
const floors: Readonly<Record<number, number>> = { 11: 0.82, 25: 0.97, 50: 0.985, 100: 0.995, 200: 0.999 };
/** Every source's vectors in one tenant. */
const together = 'together';

/** @returns false when a floor was not reached. */
export async function benchRecall(dataFolder: string): Promise<boolean> {
  const real = readRealVectors(dataFolder, 'oai3small-open');
  const server = await openBenchServer();
  try {
    const database = await server.createDatabase('recall');
    const tenants = new Map([...real.tenants, [together, [...real.tenants.values()].flat()]]);
    const modelId = await withClient(database.superuser, (superuser) => seed(superuser, { ...real, tenants }));
    const gateway = await openPool({
      url: database.gateway,
      size: 1,
      statementTimeoutMs: 60_000,
      onIdleError: () => {},
    });
    const measures: Record<string, Measures[string]> = {};
    console.log(
      `${real.model}, recall@10\n\nvectors  tenant     ${candidateCounts()
        .map((count) => `${count}`.padStart(8))
        .join('')}`,
    );
    try {
      for (const [tenant, vectors] of tenants) {
        const recalls = await measureTenant(parseTenantId(tenant));
        console.log(
          `${`${vectors.length}`.padStart(7)}  ${tenant.padEnd(10)} ${recalls.map((one) => one.toFixed(4).padStart(8)).join('')}`,
        );
        if (tenant !== together) continue;
        for (const [index, count] of candidateCounts().entries())
          measures[`real_recall_${count}`] = measure(recalls[index] ?? 0, 'recall@10', '>=', floors[count] ?? 1);
      }
    } finally {
      await gateway.close();
    }
    console.log();
    printMeasures(measures);
    const scale = {
      chunks: [...tenants.values()].flat().length,
      tenants: tenants.size,
      dimensions: real.dimensions,
    };
    const versions = await withClient(database.superuser, readServer);
    await saveResults(new URL('results.json', import.meta.url), measures, { server: versions, scale });
    return Object.values(measures).every(({ holds }) => holds);

    /** Mean over every vector of the tenant as a query, itself left out of what it finds. */
    async function measureTenant(tenantId: TenantId): Promise<number[]> {
      const vectors = { tenantId, modelId };
      const [queries] = await readInFlight(gateway, measuringScope(tenantId), [
        sampleQueriesStatement(vectors, 10_000, 1),
      ]);
      const grid = candidateCounts().map((candidates) => ({
        stageOne: 'planned' as const,
        candidates,
        efSearch: candidates,
      }));
      const { trials } = await measureSettings(gateway, vectors, queries, grid, {});
      return trials.map((ofSetting) => mean(ofSetting.map(({ recall }) => recall)));
    }
  } finally {
    await server.close();
  }
}

function candidateCounts(): number[] {
  return Object.keys(floors).map(Number);
}

async function seed(superuser: pg.Client, { model, dimensions, tenants }: RealVectors): Promise<number> {
  // Vectors alone, without the documents and chunks that they would belong to.
  await superuser.query('set session_replication_role = replica; set search_path = tessera, public');
  const { rows } = await superuser.query<{ id: number }>(
    'insert into models (name, dimensions) values ($1, $2) returning id',
    [model, dimensions],
  );
  const modelId = rows[0]?.id ?? 0;
  for (const [tenant, vectors] of tenants) {
    await superuser.query('insert into tenants (id) values ($1)', [tenant]);
    await superuser.query('insert into tenant_models (tenant_id, model_id) values ($1, $2)', [tenant, modelId]);
    const columns = '(tenant_id, model_id, chunk_id, document_id, coarse, full_vector, dimensions)';
    await copyBinary(
      superuser,
      `embeddings ${columns}`,
      vectors.map((full, index) => {
        const id = createHash('md5').update(`${tenant}/${index}`).digest();
        const coarse = halfvecParameter(coarseVector(full));
        return [
          Buffer.from(tenant),
          shortField(modelId),
          id,
          id,
          coarse,
          vectorParameter(full),
          shortField(dimensions),
        ];
      }),
    );
  }
  await superuser.query('vacuum analyze embeddings');
  return modelId;
}
