import { request } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe as describeAll, expect, test } from 'vitest';
import { newApiKey } from '../../src/auth/api-key.ts';
import { type Listening, listen } from '../../src/http/listen.ts';
import { describeServer } from '../support/database.ts';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';
import { deleteMutation, searchQuery, upsertMutation } from '../support/operations.ts';
import { expectRefusal } from '../support/refusal.ts';
import { countRows } from '../support/stored-rows.ts';

/** How long a statement may go on after its client has gone. */
const mostMs = 1_000;
const text = { input: { text: 'hot water', mode: 'KEYWORD' } };

const requests = [
  ['a search', searchQuery, text],
  ['twenty searches that share a flight', twentySearches(), {}],
  ['a page of documents', '{ documents { edges { node { title body } } } }', {}],
  ['a write', upsertMutation, { input: [{ externalId: 'new', collection: 'help', title: 'New', body: 'Text.' }] }],
  ['a deletion', deleteMutation, { ids: ['RG9jdW1lbnQ6MDE4OTAwMDAtMDAwMC03MDAwLTgwMDAtMDAwMDAwMDAwMDAx'] }],
] as const;

function twentySearches(): string {
  const one = (index: number) =>
    `s${index}: search(input: { text: "question ${index}", mode: KEYWORD }) { ... on SearchConnection { edges { score } } }`;
  return `{ ${Array.from({ length: 20 }, (_, index) => one(index)).join(' ')} }`;
}

describeServer('a request that is given up', () => {
  let gateway: TestGateway;
  let impatient: TestGateway;
  let listening: Listening;
  let token: string;
  beforeAll(async () => {
    gateway = await openTestGateway();
    listening = await listen(gateway.gateway, { host: '127.0.0.1', port: 0 });
    token = await gateway.tokenFor('alpha');
    await gateway.upsert('alpha', [{ externalId: 'boiler', collection: 'help', title: 'Boiler', body: 'Hot water.' }]);
    impatient = await openTestGateway({ requestTimeoutMs: 400 });
  });
  afterAll(async () => {
    await listening.close();
    await gateway.close();
    await impatient.close();
  });

  /** Statements of the gateway that wait for a lock. */
  const waiting = async ({ db }: TestGateway): Promise<number> => {
    const { rows } = await db.owner.query<{ count: number }>(
      `select count(*)::int as count from pg_stat_activity
       where datname = current_database() and usename = 'tessera_gateway' and state = 'active' and wait_event_type = 'Lock'`,
    );
    return rows[0]!.count;
  };

  /** Keeps a table from everybody while something else is done. */
  const holding = (on: TestGateway, work: () => Promise<void>, table = 'documents') =>
    on.db.whatIf(async (superuser) => {
      await superuser.query(`lock table tessera.${table} in access exclusive mode`);
      await work();
    });

  const untilTrue = async (ask: () => Promise<boolean>, patienceMs: number): Promise<number> => {
    const started = performance.now();
    while (!(await ask())) {
      if (performance.now() - started > patienceMs) throw new Error(`It did not come true within ${patienceMs} ms.`);
      await wait(10);
    }
    return performance.now() - started;
  };

  describeAll.each(requests)('%s', (_, query, variables) => {
    test('whose client goes away is cancelled in PostgreSQL, and nothing is written', async () => {
      const before = await countRows(gateway.db.owner);
      await holding(gateway, async () => {
        const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
        const sent = request(`${listening.url}/graphql`, { method: 'POST', headers });
        sent.on('error', () => {});
        sent.end(JSON.stringify({ query, variables }));
        await untilTrue(async () => (await waiting(gateway)) === 1, 10_000);
        sent.destroy();
        expect(await untilTrue(async () => (await waiting(gateway)) === 0, 10_000)).toBeLessThan(mostMs);
      });
      expect(await countRows(gateway.db.owner)).toEqual(before);
      expect((await gateway.graphql(token, searchQuery, text)).errors).toEqual([]);
    });

    test('that takes too long is cancelled in PostgreSQL, and says so', async () => {
      const own = await impatient.tokenFor('alpha');
      const before = await countRows(impatient.db.owner);
      await holding(impatient, async () => {
        const started = performance.now();
        const answer = await impatient.graphql(own, query, variables);
        // Far from the ten seconds after which PostgreSQL itself would have cancelled it.
        expect(performance.now() - started).toBeLessThan(4_000);
        expectRefusal(answer, { status: 504, code: 'REQUEST_TIMEOUT', says: /longer than the 400 ms/ });
        await untilTrue(async () => (await waiting(impatient)) === 0, mostMs);
      });
      expect(await countRows(impatient.db.owner)).toEqual(before);
      expect((await impatient.graphql(own, searchQuery, text)).errors).toEqual([]);
    });
  });

  describeAll('while it is found out who calls', () => {
    test('is cancelled in PostgreSQL when its client goes away', async () => {
      await holding(
        gateway,
        async () => {
          const authorization = `Bearer ${newApiKey().key.reveal()}`;
          const headers = { 'content-type': 'application/json', authorization };
          const sent = request(`${listening.url}/graphql`, { method: 'POST', headers });
          sent.on('error', () => {});
          sent.end(JSON.stringify({ query: '{ viewer { subject } }' }));
          await untilTrue(async () => (await waiting(gateway)) === 1, 10_000);
          sent.destroy();
          expect(await untilTrue(async () => (await waiting(gateway)) === 0, 10_000)).toBeLessThan(mostMs);
        },
        'api_keys',
      );
    });

    test('is cancelled in PostgreSQL when it takes too long, and says so', async () => {
      const unknown = newApiKey().key.reveal();
      await holding(
        impatient,
        async () => {
          const started = performance.now();
          const answer = await impatient.graphql(unknown, searchQuery, text);
          expect(performance.now() - started).toBeLessThan(4_000);
          expectRefusal(answer, { status: 504, code: 'REQUEST_TIMEOUT', says: /longer than the 400 ms/ });
          await untilTrue(async () => (await waiting(impatient)) === 0, mostMs);
        },
        'api_keys',
      );
      const again = await impatient.graphql(unknown, searchQuery, text);
      expectRefusal(again, { status: 401, code: 'UNAUTHENTICATED', says: /API key is not known here/ });
    });
  });

  test('leaves no error in the log: nothing is wrong', () => {
    expect(gateway.logged.filter(({ level }) => level === 'error')).toEqual([]);
  });
});
