import { driftHashes } from '../../src/cli/drift-hashes.ts';
import type { MendDeps } from '../../src/drift/mend-drift.ts';
import { divideAnew } from '../../src/ingest/divide-anew.ts';
import type { TestGateway } from './gateway.ts';

/** What drift is looked for and mended with, as the program does it. */
export function driftDeps({ db, deps }: TestGateway): MendDeps {
  return {
    database: db.worker,
    hashes: driftHashes,
    divide: (tenant, ids) => divideAnew({ database: db.worker, chunking: deps.chunking }, tenant, null, ids),
  };
}
