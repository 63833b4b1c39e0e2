import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Database, readInFlight } from '../../src/db/database.ts';
import { tenantScope } from '../../src/db/scope.ts';
import { shareFlights } from '../../src/db/share-flights.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { principalOf } from '../support/principal.ts';
import { statement } from '../support/statement.ts';

const acme = principalOf('acme');
const rival = principalOf('rival');
const transaction = statement<{ started: string; tenant: string }>(
  "select now()::text as started, current_setting('tessera.tenant_id') as tenant",
);
const broken = statement<{ x: number }>('select 1 / 0 as x');

describe('reads that share flights', () => {
  let db: TestDatabase;
  let shared: Database;
  beforeAll(async () => {
    db = await openTestDatabase();
    shared = shareFlights(db.database);
  });
  afterAll(() => db.close());

  const read = async (principal = acme) => {
    const [rows] = await readInFlight(shared, tenantScope(principal), [transaction]);
    return rows[0]!;
  };

  it('travel in one transaction when they begin in one tick', async () => {
    const rows = await Promise.all([read(), read(), read()]);
    expect(new Set(rows.map(({ started }) => started)).size).toBe(1);
  });

  it('travel apart when they do not', async () => {
    expect((await read()).started).not.toBe((await read()).started);
  });

  it('never mix tenants', async () => {
    const [mine, theirs] = await Promise.all([read(acme), read(rival)]);
    expect([mine.tenant, theirs.tenant]).toEqual(['acme', 'rival']);
    expect(mine.started).not.toBe(theirs.started);
  });

  it('answer although another one failed, whichever came first', async () => {
    const fails = () => readInFlight(shared, tenantScope(acme), [broken]);
    const settled = await Promise.allSettled([read(), fails(), read(), fails(), read()]);
    expect(settled.map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
      'rejected',
      'fulfilled',
    ]);
    expect(await read()).toMatchObject({ tenant: 'acme' });
  });

  it('keep each their own settings', async () => {
    const breadth = statement<{ breadth: string }>("select current_setting('hnsw.ef_search') as breadth");
    const withBreadth = async (efSearch: number) => {
      const [rows] = await readInFlight(shared, tenantScope(acme, { 'hnsw.ef_search': efSearch }), [breadth]);
      return rows[0]!.breadth;
    };
    expect(await Promise.all([withBreadth(50), withBreadth(120), withBreadth(50)])).toEqual(['50', '120', '50']);
  });
});
