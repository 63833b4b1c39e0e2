import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Database, readInFlight } from '../../src/db/database.ts';
import { openPool } from '../../src/db/open-pool.ts';
import { tenantScope } from '../../src/db/scope.ts';
import { describeServer, openTestDatabase, type TestDatabase } from '../support/database.ts';
import { principalOf } from '../support/principal.ts';
import { statement } from '../support/statement.ts';

const loud = principalOf('loud');
const quiet = principalOf('quiet');
const slow = statement('select pg_sleep(0.4)');
const quick = statement<{ x: number }>('select 1 as x');

describeServer('a pool of two connections', () => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await openTestDatabase();
  });
  afterAll(() => db.close());

  /** How many slow reads of one tenant have ended by the time that another, which was there before, has made three quick ones. */
  async function slowReadsMeanwhile(share: number): Promise<number> {
    const database: Database = await openPool({
      url: db.urls.gateway,
      size: 2,
      share,
      statementTimeoutMs: 5_000,
      onIdleError: () => {},
    });
    const ask = () => readInFlight(database, tenantScope(quiet), [quick]);
    // Two connections, so that none has to be made while it is measured.
    await Promise.all([ask(), readInFlight(database, tenantScope(loud), [quick])]);
    let ended = 0;
    const slowReads = Array.from({ length: 3 }, () =>
      readInFlight(database, tenantScope(loud), [slow]).then(() => {
        ended++;
      }),
    );
    for (let time = 0; time < 3; time++) expect(await ask()).toEqual([[{ x: 1 }]]);
    const meanwhile = ended;
    await Promise.all(slowReads);
    await database.close();
    return meanwhile;
  }

  it('keeps one for the tenant that is quiet, while another sends more than it has room for', async () => {
    expect(await slowReadsMeanwhile(1)).toBe(0);
  });

  it('lets it wait where a tenant may take both: the positive control', async () => {
    expect(await slowReadsMeanwhile(2)).toBeGreaterThan(0);
  });
});
