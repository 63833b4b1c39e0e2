import { afterAll, beforeAll, expect, it } from 'vitest';
import { readInFlight, type Statement } from '../../src/db/database.ts';
import { openPool } from '../../src/db/open-pool.ts';
import type { Query } from '../../src/db/query.ts';
import { tenantScope } from '../../src/db/scope.ts';
import { shareFlights } from '../../src/db/share-flights.ts';
import { describeServer, openTestDatabase, type TestDatabase } from '../support/database.ts';
import { principalOf } from '../support/principal.ts';
import { statement } from '../support/statement.ts';

const acme = principalOf('acme');
const kept = statement<{ name: string }>('select name from pg_prepared_statements order by name');

/** A statement that is to be kept parsed under a name. */
function named<Row>(name: string, text: string): Statement<Row> {
  const query: Query<Row> = { ...statement<Row>(text).compile(), name };
  return { compile: () => query };
}

describeServer('statements with a name', () => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await openTestDatabase();
  });
  afterAll(() => db.close());

  async function openOne(prepare?: boolean) {
    const url = db.urls.gateway;
    return openPool({
      url,
      size: 1,
      statementTimeoutMs: 5_000,
      onIdleError: () => {},
      ...(prepare !== undefined && { prepare }),
    });
  }

  it('are kept by their connection, and once only', async () => {
    const database = await openOne();
    for (let round = 0; round < 2; round++) {
      const [one] = await readInFlight(database, tenantScope(acme), [named<{ x: number }>('one', 'select 1 as x')]);
      expect(one).toEqual([{ x: 1 }]);
    }
    const [rows] = await readInFlight(database, tenantScope(acme), [kept]);
    expect(rows).toEqual([{ name: 'one' }]);
    await database.close();
  });

  it('are kept for each role by itself: one that another role ran is planned anew', async () => {
    const database = await openOne();
    const searcher = principalOf('acme', { scopes: ['search'] });
    for (const who of [acme, searcher, acme, searcher])
      await readInFlight(database, tenantScope(who), [named('one', 'select 1 as x')]);
    const [rows] = await readInFlight(database, tenantScope(acme), [kept]);
    expect(rows).toEqual([{ name: 'one' }, { name: 'one_tessera_searcher' }]);
    await database.close();
  });

  it('are not kept where a pooler would lose them', async () => {
    const database = await openOne(false);
    const [one] = await readInFlight(database, tenantScope(acme), [named<{ x: number }>('one', 'select 1 as x')]);
    const [rows] = await readInFlight(database, tenantScope(acme), [kept]);
    expect([one, rows]).toEqual([[{ x: 1 }], []]);
    await database.close();
  });

  it('answer behind one that failed, which was to have them parsed', async () => {
    const database = await openOne();
    const shared = shareFlights(database);
    const read = (each: Statement<{ x: number }>) => readInFlight(shared, tenantScope(acme), [each]);
    const settled = await Promise.allSettled([
      read(statement('select 1 / 0 as x')),
      read(named('two', 'select 2 as x')),
      read(named('two', 'select 2 as x')),
      read(named('two', 'select 2 as x')),
    ]);
    expect(settled.map((one) => (one.status === 'fulfilled' ? one.value : 'failed'))).toEqual([
      'failed',
      [[{ x: 2 }]],
      [[{ x: 2 }]],
      [[{ x: 2 }]],
    ]);
    await database.close();
  });
});
