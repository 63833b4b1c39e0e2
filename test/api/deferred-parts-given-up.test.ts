import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Listening, listen } from '../../src/http/listen.ts';
import { type AnswerPart, readParts } from '../support/answer-parts.ts';
import { describeServer } from '../support/database.ts';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';

/** The first part needs no database; the second waits for a table that somebody else holds. */
const query = '{ __typename ... @defer { documents(first: 1) { edges { node { title } } } } }';
/** How long a statement may go on after its client has gone. */
const mostMs = 1_000;

describeServer('an answer in parts', () => {
  let gateway: TestGateway;
  let impatient: TestGateway;
  const listening: Listening[] = [];
  beforeAll(async () => {
    gateway = await openTestGateway();
    impatient = await openTestGateway({ requestTimeoutMs: 400 });
    for (const each of [gateway, impatient]) {
      await each.upsert('alpha', [{ externalId: 'boiler', collection: 'help', title: 'Boiler', body: 'Hot water.' }]);
      listening.push(await listen(each.gateway, { host: '127.0.0.1', port: 0 }));
    }
  });
  afterAll(async () => {
    for (const each of listening) await each.close();
    await gateway.close();
    await impatient.close();
  });

  const waiting = async ({ db }: TestGateway): Promise<number> => {
    const { rows } = await db.owner.query<{ count: number }>(
      `select count(*)::int as count from pg_stat_activity
       where datname = current_database() and usename = 'tessera_gateway' and state = 'active' and wait_event_type = 'Lock'`,
    );
    return rows[0]!.count;
  };
  const holding = (on: TestGateway, work: () => Promise<void>) =>
    on.db.whatIf(async (superuser) => {
      await superuser.query('lock table tessera.documents in access exclusive mode');
      await work();
    });
  const untilTrue = async (ask: () => Promise<boolean>, patienceMs: number): Promise<void> => {
    const started = performance.now();
    while (!(await ask())) {
      if (performance.now() - started > patienceMs) throw new Error(`It did not come true within ${patienceMs} ms.`);
      await wait(10);
    }
  };
  const ask = async (on: TestGateway, accept: string, signal?: AbortSignal) =>
    fetch(`${listening[on === gateway ? 0 : 1]!.url}/graphql`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${await on.tokenFor('alpha')}`,
        accept,
      },
      body: JSON.stringify({ query }),
      ...(signal && { signal }),
    });

  test.each(['multipart/mixed', 'text/event-stream'])(
    'is given up with its client: the deferred statement is cancelled in PostgreSQL, as %s',
    async (accept) => {
      await holding(gateway, async () => {
        const client = new AbortController();
        const response = await ask(gateway, accept, client.signal);
        const parts = readParts(response);
        expect((await parts.next()).value).toMatchObject({ data: { __typename: 'Query' }, hasNext: true });
        await untilTrue(async () => (await waiting(gateway)) === 1, 10_000);
        client.abort();
        await untilTrue(async () => (await waiting(gateway)) === 0, mostMs);
      });
      // Nobody holds the table any more: the same request is answered whole, on connections that are in order.
      const parts: AnswerPart[] = [];
      for await (const part of readParts(await ask(gateway, accept))) parts.push(part);
      expect(JSON.stringify(parts)).toContain('Boiler');
      expect(gateway.logged.filter(({ level }) => level === 'error')).toEqual([]);
    },
  );

  test('that takes too long is cut: the part says so, and its statement is cancelled in PostgreSQL', async () => {
    await holding(impatient, async () => {
      const started = performance.now();
      const parts: AnswerPart[] = [];
      for await (const part of readParts(await ask(impatient, 'multipart/mixed'))) parts.push(part);
      expect(performance.now() - started).toBeLessThan(4_000);
      expect(parts[0]?.data).toEqual({ __typename: 'Query' });
      const [error] = parts.flatMap(({ incremental = [] }) => incremental.flatMap(({ errors = [] }) => errors));
      expect(error).toMatchObject({
        message: expect.stringMatching(/longer than the 400 ms/),
        extensions: { code: 'REQUEST_TIMEOUT', requestId: expect.any(String) },
      });
      await untilTrue(async () => (await waiting(impatient)) === 0, mostMs);
    });
  });

  test('as events is kept alive by comments while a part is waited for, and nothing holds them back', async () => {
    await holding(gateway, async () => {
      const client = new AbortController();
      const response = await ask(gateway, 'text/event-stream', client.signal);
      let text = '';
      for await (const bytes of response.body!.pipeThrough(new TextDecoderStream() as never) as AsyncIterable<string>) {
        text += bytes;
        // One at the start, one later: the library sends them every 12 s, and every 300 ms in tests.
        if (/^:\n\nevent: next\n[\s\S]*\n\n:\n\n/.test(text)) break;
      }
      expect(text).toContain('"__typename":"Query"');
      expect(text).not.toContain('Boiler');
      client.abort();
      await untilTrue(async () => (await waiting(gateway)) === 0, mostMs);
    });
  });
});
