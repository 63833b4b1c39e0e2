import { request } from 'node:http';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { openPool } from '../../src/db/open-pool.ts';
import { listen } from '../../src/http/listen.ts';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';
import { expectNothingOf, type LookAlike, openLookAlikes } from '../support/look-alikes.ts';
import { documentsQuery, searchQuery, upsertMutation } from '../support/operations.ts';
import { describePooled, openPooler, type Pooler } from '../support/pgbouncer.ts';
import { expectRefusal } from '../support/refusal.ts';
import { type Operation, tenantOperations } from '../support/tenant-operations.ts';

/** Whether statements are kept parsed; PgBouncer of Debian 12 loses them, later ones carry them over. */
describePooled.each([[false], [true]])('a gateway behind PgBouncer, DATABASE_PREPARE=%s', (prepare) => {
  let pooler: Pooler;
  let gateway: TestGateway;
  let north: LookAlike;
  let south: LookAlike;
  beforeAll(async () => {
    // Far fewer connections to the server than requests in hand: each of them serves both tenants by turns.
    pooler = await openPooler({ connections: 2 });
    const behind = async () =>
      openPool({
        url: pooler.through(gatewayUrl),
        size: 12,
        statementTimeoutMs: 20_000,
        prepare,
        onIdleError: () => {},
      });
    let gatewayUrl = '';
    gateway = await openTestGateway({
      serveFrom: async ({ pool }) => {
        gatewayUrl = (pool.options as { connectionString?: string }).connectionString ?? '';
        return behind();
      },
    });
    [north, south] = await openLookAlikes(gateway);
  });
  afterAll(async () => {
    await gateway.close();
    await pooler.close();
  });

  async function run(operation: Operation, me: LookAlike, other: LookAlike): Promise<void> {
    const answer = await gateway.graphql(me.client.token, ...operation.send(me, other));
    expectNothingOf(other, answer);
    const expected = operation.expected(me, other);
    const received: unknown = typeof expected === 'string' ? answer.errors[0]?.extensions?.code : answer.data;
    if (typeof expected === 'string') expect(received, operation.name).toBe(expected);
    else expect(received, `${operation.name}: ${answer.text.slice(0, 300)}`).toMatchObject(expected as object);
  }

  test('answers every operation of two tenants, and shows neither anything of the other', async () => {
    for (const operation of tenantOperations) {
      await run(operation, north, south);
      await run(operation, south, north);
    }
  });

  test('answers hundreds of them at once', async () => {
    const both = tenantOperations.flatMap((operation) => [
      () => run(operation, north, south),
      () => run(operation, south, north),
    ]);
    await Promise.all([...both, ...both.toReversed(), ...both].map((send) => send()));
  });

  test('cancels what a client no longer waits for, writes nothing of it, and the next tenant is served', async () => {
    const listening = await listen(gateway.gateway, { host: '127.0.0.1', port: 0 });
    const waiting = async () => {
      const { rows } = await gateway.db.owner.query<{ count: number }>(
        `select count(*)::int as count from pg_stat_activity where datname = current_database()
         and usename = 'tessera_gateway' and state = 'active' and wait_event_type = 'Lock'`,
      );
      return rows[0]?.count;
    };
    try {
      await gateway.db.whatIf(async (superuser) => {
        await superuser.query('lock table tessera.documents in access exclusive mode');
        const headers = { 'content-type': 'application/json', authorization: `Bearer ${north.client.token}` };
        const sent = [
          [searchQuery, { input: { text: 'hot water' } }],
          [upsertMutation, { input: [{ collection: 'c', title: 'T', body: 'B' }] }],
        ].map(([query, variables]) => {
          const one = request(`${listening.url}/graphql`, { method: 'POST', headers });
          one.on('error', () => {});
          one.end(JSON.stringify({ query, variables }));
          return one;
        });
        await vi.waitFor(async () => expect(await waiting()).toBe(2), { timeout: 10_000, interval: 10 });
        for (const one of sent) one.destroy();
        await vi.waitFor(async () => expect(await waiting()).toBe(0), { timeout: 5_000, interval: 10 });
      });
    } finally {
      await listening.close();
    }
    expect((await north.client.documents(undefined, { first: 100 })).edges).toHaveLength(north.documents);
    expect((await south.client.documents(undefined, { first: 100 })).edges).toHaveLength(south.documents);
  });

  test('outlives its connections to the server: what fails says so, and the next request is answered', async () => {
    for (let round = 0; round < 3; round++) {
      const inHand = Array.from({ length: 20 }, (_, index) =>
        gateway.graphql((index % 2 ? north : south).client.token, documentsQuery, { first: 100 }),
      );
      await gateway.db.owner.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and usename = 'tessera_gateway'`,
      );
      for (const [index, answer] of (await Promise.all(inHand)).entries()) {
        expectNothingOf(index % 2 ? south : north, answer);
        if (answer.errors.length > 0)
          expectRefusal(answer, { status: 503, code: 'DATABASE_UNAVAILABLE', says: /cannot be reached/ });
      }
      await vi.waitFor(
        async () => {
          const { edges } = await north.client.documents(undefined, { first: 100 });
          expect(edges).toHaveLength(north.documents);
        },
        { timeout: 5_000, interval: 20 },
      );
    }
  });
});
