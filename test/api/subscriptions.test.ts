import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Listening, listen } from '../../src/http/listen.ts';
import { parseTenantId } from '../../src/ids.ts';
import { resumeTenant, suspendTenant } from '../../src/tenants/change-tenant.ts';
import { type AnswerPart, readParts } from '../support/answer-parts.ts';
import { describeServer } from '../support/database.ts';
import { openTestGateway, type TestGateway, type TestGatewayOptions } from '../support/gateway.ts';
import { type Client, openClient, type UpsertInput } from '../support/operations.ts';
import { principalOf } from '../support/principal.ts';

const updates = `subscription($input: SearchInput!, $first: Int) { searchUpdates(input: $input, first: $first) {
  __typename
  ... on SearchUpdate { checkedAt edges { score node { externalId version title body } } }
  ... on Error { code message }
} }`;
const words = { text: 'boiler', mode: 'KEYWORD' } as const;
/** The most that an event may take on a busy machine. */
const patienceMs = 10_000;
/** How long nothing must come to be taken for nothing: several times what the slowest event took. */
const quietMs = 1_200;

interface Update {
  readonly __typename: string;
  readonly code?: string;
  readonly edges?: readonly { readonly node: { externalId: string; version: number; title: string; body: string } }[];
}

/** A subscription as its client sees it. */
interface Subscription {
  readonly response: Response;
  /** The next event; rejects where none comes in time. */
  next(): Promise<AnswerPart>;
  /** External ids of the next event, with the versions behind the first. */
  nextIds(): Promise<string[]>;
  /** Resolves when nothing came for a while. */
  quiet(): Promise<void>;
  /** Resolves when the server has ended it. */
  ended(): Promise<void>;
  leave(): void;
}

interface SubscribeOptions {
  readonly first?: number;
  readonly query?: string;
  readonly accept?: string;
  readonly variables?: object;
}

const opened: { close(): Promise<void> }[] = [];
const subscribed: Subscription[] = [];

async function serve(options?: TestGatewayOptions): Promise<TestGateway & { readonly listening: Listening }> {
  const gateway = await openTestGateway(options);
  const listening = await listen(gateway.gateway, { host: '127.0.0.1', port: 0 });
  opened.unshift({
    close: async () => {
      await Promise.all([listening.close(), gateway.watches.close()]);
      await gateway.close();
    },
  });
  return { ...gateway, listening };
}

async function subscribe(
  { listening }: { readonly listening: Listening },
  token: string,
  input: object = words,
  { first, query = updates, accept = 'text/event-stream', variables = { input, first } }: SubscribeOptions = {},
): Promise<Subscription> {
  const client = new AbortController();
  const response = await fetch(`${listening.url}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${token}`,
      accept,
      'x-request-id': 'listening',
    },
    body: JSON.stringify({ query, variables }),
    signal: client.signal,
  });
  const parts = response.headers.get('content-type')?.startsWith('text/event-stream') ? readParts(response) : undefined;
  let pending: Promise<IteratorResult<AnswerPart, undefined>> | undefined;
  const take = () => {
    pending ??= parts!.next();
    pending.catch(() => {});
    return pending;
  };
  const within = async <Value>(ms: number, work: Promise<Value>): Promise<Value | 'nothing'> => {
    const patience = new AbortController();
    const late = wait(ms, 'nothing' as const, { signal: patience.signal });
    late.catch(() => {});
    return Promise.race([work, late]).finally(() => patience.abort());
  };
  const subscription: Subscription = {
    response,
    next: async () => {
      const result = await within(patienceMs, take());
      if (result === 'nothing' || result.done) throw new Error(`No event came: ${JSON.stringify(result)}.`);
      pending = undefined;
      return result.value;
    },
    nextIds: async () => {
      const part = await subscription.next();
      const { edges } = (part.data?.searchUpdates ?? {}) as Update;
      if (!edges) throw new Error(`Another event came: ${JSON.stringify(part)}.`);
      return edges.map(({ node: { externalId, version } }) =>
        version === 1 ? externalId : `${externalId} ${version}`,
      );
    },
    quiet: async () => expect(await within(quietMs, take())).toBe('nothing'),
    ended: async () => expect(await within(patienceMs, take())).toMatchObject({ done: true }),
    leave: () => client.abort(),
  };
  subscribed.push(subscription);
  return subscription;
}

function boiler(externalId: string, more: Partial<UpsertInput> = {}): UpsertInput {
  return { externalId, collection: 'help', title: `House ${externalId}`, body: 'The boiler is off.', ...more };
}

describe('a saved search', () => {
  let gateway: Awaited<ReturnType<typeof serve>>;
  let client: Client;
  beforeAll(async () => {
    gateway = await serve();
    client = await openClient(gateway, 'alpha');
    await client.upsert([boiler('before')]);
    await gateway.embedAll();
  });
  afterEach(async () => {
    for (const each of subscribed.splice(0)) each.leave();
    await expect.poll(() => gateway.watches.count(), { timeout: patienceMs }).toBe(0);
  });
  afterAll(async () => {
    for (const each of opened.splice(0)) await each.close();
  });

  test('reports what is written from its beginning on, each document once a version, and is one principal’s alone', async () => {
    const subscription = await subscribe(gateway, client.token);
    expect(subscription.response.status).toBe(200);
    expect(Object.fromEntries(subscription.response.headers)).toMatchObject({
      'content-type': expect.stringContaining('text/event-stream'),
      'cache-control': 'private, no-store',
      'x-request-id': 'listening',
      'x-content-type-options': 'nosniff',
    });
    await client.upsert([boiler('new')]);
    const [first] = [await subscription.next()];
    expect(first).toMatchObject({
      data: { searchUpdates: { checkedAt: expect.any(String), edges: [{ node: { externalId: 'new' } }] } },
    });
    // It is no news that it has its vector now.
    await gateway.embedAll();
    await client.upsert([boiler('new')]);
    await subscription.quiet();
    await client.upsert([boiler('new', { body: 'The boiler is on again.' })]);
    const second = (await subscription.next()).data?.searchUpdates as Update;
    expect(second.edges?.map(({ node }) => [node.externalId, node.version, node.body])).toEqual([
      ['new', 2, 'The boiler is on again.'],
    ]);
    await client.delete((await client.search(words)).edges.map(({ node }) => node.id));
    await client.upsert([boiler('before')]);
    await gateway.embedAll();
  });

  test('finds words with the commit and meaning with the vector', async () => {
    const byMeaning = await subscribe(gateway, client.token, { text: 'no hot water in the shower', mode: 'SEMANTIC' });
    const byWords = await subscribe(gateway, client.token, { text: 'lukewarm', mode: 'KEYWORD' });
    await client.upsert([boiler('shower', { title: 'Shower', body: 'The water of the shower is lukewarm.' })]);
    expect(await byWords.nextIds()).toEqual(['shower']);
    await byMeaning.quiet();
    await gateway.embedAll();
    expect(await byMeaning.nextIds()).toEqual(['shower']);
  });

  test('looks at the first so many: what is deleted makes room for the next', async () => {
    await client.upsert([boiler('best', { body: 'Boiler, boiler.' })]);
    const subscription = await subscribe(gateway, client.token, words, { first: 1 });
    const [best] = (await client.search(words, { first: 1 })).edges;
    expect(best?.node.externalId).toBe('best');
    await client.delete([best!.node.id]);
    expect(await subscription.nextIds()).toEqual([expect.stringMatching(/^before\b/)]);
  });

  test('hears nothing of what another tenant writes', async () => {
    const other = await openClient(gateway, 'beta');
    const [mine, theirs] = [await subscribe(gateway, client.token), await subscribe(gateway, other.token)];
    await other.upsert([boiler('elsewhere')]);
    expect(await theirs.nextIds()).toEqual(['elsewhere']);
    await mine.quiet();
  });

  test('hears nothing of a document that it may not see, until it may', async () => {
    const [ann, bob] = await Promise.all(
      ['ann', 'bob'].map((subject) => openClient(gateway, 'alpha', ['search', 'documents:read'], { subject })),
    );
    const [forAnn, forBob] = [await subscribe(gateway, ann!.token), await subscribe(gateway, bob!.token)];
    await client.upsert([boiler('secret', { acl: { users: ['ann'] } })]);
    expect(await forAnn.nextIds()).toEqual(['secret']);
    await forBob.quiet();
    await client.upsert([boiler('secret', { acl: { users: ['ann', 'bob'] } })]);
    expect(await forBob.nextIds()).toEqual(['secret 2']);
  });

  test('ends with its token, and says so', async () => {
    const token = await gateway.tokenFor('alpha', undefined, { ttlSeconds: 60 });
    const [brief, lasting] = [await subscribe(gateway, token), await subscribe(gateway, client.token)];
    gateway.clock.nowMs += 70_000;
    expect(await brief.next()).toMatchObject({
      data: null,
      errors: [{ extensions: { code: 'UNAUTHENTICATED', requestId: 'listening' } }],
    });
    await brief.ended();
    gateway.clock.nowMs -= 70_000;
    await client.upsert([boiler('afterwards')]);
    expect(await lasting.nextIds()).toEqual(['afterwards']);
  });

  test('ends with its key when that is revoked', async () => {
    const { createApiKey } = await client.query<{ createApiKey: { key: string; apiKey: { id: string } } }>(
      'mutation { createApiKey(input: { name: "x", scopes: ["search"] }) { ... on CreateApiKeyPayload { key apiKey { id } } } }',
    );
    const subscription = await subscribe(gateway, createApiKey.key);
    await client.query('mutation($id: ID!) { revokeApiKey(id: $id) { __typename } }', { id: createApiKey.apiKey.id });
    expect(await subscription.next()).toMatchObject({ errors: [{ extensions: { code: 'TOKEN_REVOKED' } }] });
    await subscription.ended();
  });

  test('ends when its tenant is suspended', async () => {
    const held = await openClient(gateway, 'held');
    await held.upsert([boiler('here')]);
    const subscription = await subscribe(gateway, held.token);
    const operator = { ...principalOf('operations'), scopes: ['operator'] };
    await suspendTenant(gateway.deps, operator, parseTenantId('held'));
    expect(await subscription.next()).toMatchObject({ errors: [{ extensions: { code: 'TENANT_SUSPENDED' } }] });
    await subscription.ended();
    await resumeTenant(gateway.deps, operator, parseTenantId('held'));
    const again = await subscribe(gateway, held.token);
    await held.upsert([boiler('more')]);
    expect(await again.nextIds()).toEqual(['more']);
  });

  test('holds nothing any more when its client has left', async () => {
    const all = await Promise.all(Array.from({ length: 5 }, () => subscribe(gateway, client.token)));
    expect(gateway.watches.count()).toBe(5);
    for (const each of all) each.leave();
    await expect.poll(() => gateway.watches.count(), { timeout: patienceMs }).toBe(0);
  });

  test('is kept alive by comments while there is no news', async () => {
    const { response, leave } = await subscribe(gateway, client.token, { text: 'nothing like it', mode: 'KEYWORD' });
    expect(response.bodyUsed || response.body?.locked).toBeFalsy();
    let text = '';
    for await (const bytes of response.body!.pipeThrough(new TextDecoderStream() as never) as AsyncIterable<string>) {
      text += bytes;
      // The library sends them every 12 s, and every 300 ms in tests.
      if (text === ':\n\n:\n\n:\n\n') break;
    }
    leave();
  });

  test.each([
    ['what cannot be searched for', { text: '' }, 400, 'BAD_USER_INPUT'],
    ['a page that is too long', words, 400, 'BAD_USER_INPUT', 101],
  ] as [string, object, number, string, number?][])('is refused for %s', async (_, input, status, code, first = 10) => {
    const { response, next } = await subscribe(gateway, client.token, input, { first });
    expect(response.status).toBe(status);
    const { errors } = response.headers.get('content-type')?.startsWith('text/event-stream')
      ? await next()
      : ((await response.json()) as AnswerPart);
    expect(errors).toMatchObject([{ extensions: { code, requestId: 'listening' } }]);
    expect(gateway.watches.count()).toBe(0);
  });

  test('needs the scope of a search, and a type of answer that has parts', async () => {
    const reader = await gateway.tokenFor('alpha', ['documents:read']);
    expect((await subscribe(gateway, reader)).response.status).toBe(403);
    for (const accept of ['application/json', 'multipart/mixed']) {
      const { response } = await subscribe(gateway, client.token, words, { accept });
      expect(response.status).toBe(406);
      expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'NOT_ACCEPTABLE' } }] });
    }
    expect(gateway.watches.count()).toBe(0);
  });

  test('says what it cannot look for, as an event, and ends', async () => {
    const subscription = await subscribe(gateway, client.token, { text: '\u{1F600}\u{1F600}', mode: 'SEMANTIC' });
    expect(await subscription.next()).toMatchObject({ data: { searchUpdates: { code: 'NOT_EMBEDDABLE' } } });
    await subscription.ended();
  });

  test('there are only so many of a tenant and of a gateway', async () => {
    const small = await serve({ subscriptions: { perTenant: 2, perProcess: 3 } });
    const [one, two] = [await openClient(small, 'alpha'), await openClient(small, 'beta')];
    const first = await subscribe(small, one.token);
    await subscribe(small, one.token);
    const refused = await subscribe(small, one.token);
    expect(refused.response.status).toBe(429);
    await subscribe(small, two.token);
    expect((await subscribe(small, two.token)).response.status).toBe(429);
    first.leave();
    await expect.poll(() => small.watches.count(), { timeout: patienceMs }).toBe(2);
    expect((await subscribe(small, one.token)).response.status).toBe(200);
  });

  test('is a request of its price when it begins', async () => {
    const limited = await serve({ limits: { requestsPerMinute: 1 } });
    const token = await limited.tokenFor('alpha');
    expect((await subscribe(limited, token)).response.status).toBe(200);
    expect((await subscribe(limited, token)).response.status).toBe(429);
    const cheap = await serve({ queryLimits: { cost: 5 } });
    expect((await subscribe(cheap, await cheap.tokenFor('alpha'))).response.status).toBe(400);
    expect(cheap.watches.count()).toBe(0);
  });

  test('ends when its gateway stops, which need not wait for it', async () => {
    const stopping = await serve();
    const subscription = await subscribe(stopping, await stopping.tokenFor('alpha'));
    const started = performance.now();
    await Promise.all([stopping.listening.close(), stopping.watches.close()]);
    await subscription.ended();
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  test('has no time limit', async () => {
    const impatient = await serve({ requestTimeoutMs: 300 });
    const one = await openClient(impatient, 'alpha');
    const subscription = await subscribe(impatient, one.token);
    await subscription.quiet();
    await one.upsert([boiler('late')]);
    expect(await subscription.nextIds()).toEqual(['late']);
  });
});

describeServer('saved searches at several gateways of one server', () => {
  let gateway: Awaited<ReturnType<typeof serve>>;
  let beside: Awaited<ReturnType<typeof serve>>;
  let client: Client;
  beforeAll(async () => {
    gateway = await serve();
    beside = await serve({ beside: gateway });
    client = await openClient(gateway, 'alpha');
    await client.upsert([boiler('before')]);
  });
  afterEach(async () => {
    for (const each of subscribed.splice(0)) each.leave();
    for (const each of [gateway, beside]) {
      await expect.poll(() => each.watches.count(), { timeout: patienceMs }).toBe(0);
    }
  });
  afterAll(async () => {
    for (const each of opened.splice(0)) await each.close();
  });

  const listeners = async (): Promise<number[]> => {
    const { rows } = await gateway.db.owner.query<{ pid: number }>(
      `select pid from pg_stat_activity where datname = current_database() and application_name = 'tessera changes'`,
    );
    return rows.map(({ pid }) => pid);
  };

  test('all hear of what is written at one', async () => {
    const here = await subscribe(gateway, client.token);
    const there = await subscribe(beside, client.token);
    await client.upsert([boiler('both')]);
    expect(await here.nextIds()).toEqual(['both']);
    expect(await there.nextIds()).toEqual(['both']);
  });

  test('share one connection that listens, which is there while they are', async () => {
    await expect.poll(listeners, { timeout: patienceMs }).toEqual([]);
    const token = await gateway.tokenFor('beta');
    for (let each = 0; each < 3; each++) await subscribe(gateway, each === 0 ? token : client.token);
    await expect.poll(listeners, { timeout: patienceMs }).toHaveLength(1);
  });

  test('lose nothing when that connection is lost', async () => {
    const subscription = await subscribe(gateway, client.token);
    await expect.poll(listeners, { timeout: patienceMs }).toHaveLength(1);
    const [pid] = await listeners();
    await gateway.db.owner.query('select pg_terminate_backend($1)', [pid]);
    // Written while nobody listens: another connection is tried half a second later.
    await client.upsert([boiler('unheard')]);
    expect(await subscription.nextIds()).toEqual(['unheard']);
    await expect.poll(listeners, { timeout: patienceMs }).toHaveLength(1);
    expect(await listeners()).not.toEqual([pid]);
  });

  test('cost a search for all that are alike, however many they are, and nothing while nothing happens', async () => {
    // What is read of the documents besides, such as a body, each subscription reads for itself.
    const query = updates.replace(' body', '');
    const all = await Promise.all(
      Array.from({ length: 100 }, () => subscribe(gateway, client.token, words, { query })),
    );
    await expect.poll(listeners, { timeout: patienceMs }).toHaveLength(1);
    await all[0]!.quiet();
    let asked = 0;
    const { pool } = gateway.db.database;
    const connect = pool.connect.bind(pool) as () => Promise<unknown>;
    Object.assign(pool, {
      connect: (...args: []) => {
        asked++;
        return connect(...args);
      },
    });
    await all[0]!.quiet();
    expect(asked).toBe(0);
    await client.upsert([boiler('for all')]);
    for (const each of all) expect(await each.nextIds()).toEqual(['for all']);
    // The write, its announcement, and a search or two.
    expect(asked).toBeLessThan(20);
    Object.assign(pool, { connect });
  });
});

describe('the progress of a job', () => {
  const progress = 'subscription($id: ID!) { jobProgress(id: $id) { status done total failed } }';
  let gateway: Awaited<ReturnType<typeof serve>>;
  let client: Client;
  beforeAll(async () => {
    gateway = await serve();
    client = await openClient(gateway, 'alpha');
  });
  afterEach(async () => {
    for (const each of subscribed.splice(0)) each.leave();
    await expect.poll(() => gateway.watches.count(), { timeout: patienceMs }).toBe(0);
  });
  afterAll(async () => {
    for (const each of opened.splice(0)) await each.close();
  });

  const newestJob = async () =>
    (await client.query<{ jobs: { id: string }[] }>('{ jobs(first: 1) { id } }')).jobs[0]!.id;
  const follow = (token: string, id: string) =>
    subscribe(gateway, token, words, { query: progress, variables: { id } });

  test('is told as it stands, as it goes on, and when it is finished, which ends it', async () => {
    const paragraphs = Array.from(
      { length: 60 },
      (_, index) => `Room ${index} has a boiler. ${'It is warm. '.repeat(60)}`,
    );
    await client.upsert([boiler('long', { body: paragraphs.join('\n\n') })]);
    const subscription = await follow(client.token, await newestJob());
    const [first] = [(await subscription.next()).data?.jobProgress as { done: number; total: number }];
    expect(first).toMatchObject({ status: 'RUNNING', done: 0, failed: 0 });
    await gateway.embedAll();
    let last = first as Record<string, unknown>;
    while (last.status !== 'FINISHED') {
      const next = (await subscription.next()).data?.jobProgress as Record<string, unknown>;
      expect(next.done).toBeGreaterThan(last.done as number);
      last = next;
    }
    expect(last).toEqual({ status: 'FINISHED', done: first!.total, total: first!.total, failed: 0 });
    await subscription.ended();
  });

  test('that is finished already is told once', async () => {
    await client.upsert([boiler('short')]);
    await gateway.embedAll();
    const subscription = await follow(client.token, await newestJob());
    expect(await subscription.next()).toMatchObject({ data: { jobProgress: { status: 'FINISHED', done: 1 } } });
    await subscription.ended();
  });

  test('is its tenant’s alone: for another it does not exist', async () => {
    await client.upsert([boiler('mine')]);
    const subscription = await follow(await gateway.tokenFor('beta'), await newestJob());
    expect(await subscription.next()).toMatchObject({ data: { jobProgress: null } });
    await subscription.ended();
  });

  test('needs the id of a job, and the scope to read', async () => {
    expect((await follow(client.token, 'nonsense')).response.status).toBe(400);
    const searcher = await gateway.tokenFor('alpha', ['search']);
    expect((await follow(searcher, await newestJob())).response.status).toBe(403);
  });
});
