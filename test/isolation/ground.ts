import { openTestGateway } from '../support/gateway.ts';
import { seedBystanders } from './bystanders.ts';
import type { Ground } from './fuzz.ts';
import { rewriteScopes } from './rewrite-scopes.ts';
import { readTenantTables } from './tenant-tables.ts';

/** A gateway with what is needed to fuzz it. */
export interface OpenGround extends Ground, AsyncDisposable {}

/** @param rewrite what becomes of the texts that open scopes once a round has its documents, where the fuzz itself is tested. */
export async function openGround(rewrite?: (opening: string) => string): Promise<OpenGround> {
  let isSpoilt = false;
  const current = (opening: string) => (rewrite && isSpoilt ? rewrite(opening) : opening);
  const gateway = await openTestGateway({
    federation: true,
    ...(rewrite && { serveFrom: async (own) => rewriteScopes(own, current) }),
  });
  await seedBystanders(gateway.db.owner);
  return {
    gateway,
    databases: {
      gateway: gateway.deps.database,
      worker: rewrite ? rewriteScopes(gateway.db.worker, current) : gateway.db.worker,
    },
    tables: await readTenantTables(gateway.db.owner),
    spoil: (now) => {
      isSpoilt = now;
    },
    [Symbol.asyncDispose]: () => gateway.close(),
  };
}
