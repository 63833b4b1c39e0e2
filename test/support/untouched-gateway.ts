import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { openTestGateway, type TestGateway, type TestGatewayOptions } from './gateway.ts';
import type { Answer } from './graphql-answer.ts';
import { type Client, openClient, searchQuery } from './operations.ts';
import { type ExpectedRefusal, expectRefusal } from './refusal.ts';
import { countRows } from './stored-rows.ts';

/** A gateway with two documents of one tenant, which no test of the file changes. */
export interface UntouchedGateway {
  readonly gateway: TestGateway;
  /** Whose documents they are. */
  readonly owner: Client;
  /** Sends a request body as it is, with the owner's token unless told otherwise. */
  post(body: string, headers?: Record<string, string>): Promise<Answer>;
  /** Sends a search as the owner, whatever it may be. */
  search(input: unknown, page?: Record<string, unknown>): Promise<Answer>;
  /** Sends any operation as the owner. */
  send(query: string, variables?: Record<string, unknown>): Promise<Answer>;
}

/** A request that is refused. */
export interface BadRequest extends ExpectedRefusal {
  readonly name: string;
  send(to: UntouchedGateway): Promise<Answer>;
}

/**
 * Opens a gateway for tests of refusals. After each of them nothing has been written, and a good request is answered.
 */
export function useUntouchedGateway(options: TestGatewayOptions = {}): UntouchedGateway {
  let gateway: TestGateway;
  let owner: Client;
  let before: Record<string, number>;

  beforeAll(async () => {
    gateway = await openTestGateway(options);
    owner = await openClient(gateway, 'alpha');
    await owner.upsert([
      { externalId: 'boiler', collection: 'help', title: 'No hot water', body: 'The boiler is off. Press the button.' },
      { externalId: 'bus', collection: 'help', title: 'The bus', body: 'It leaves at the front door every hour.' },
    ]);
    await gateway.embedAll();
  });
  afterAll(() => gateway.close());
  beforeEach(async () => {
    before = await countRows(gateway.db.owner);
  });
  afterEach(async () => {
    expect(await countRows(gateway.db.owner), 'nothing is written').toEqual(before);
    const { edges } = await owner.search({ text: 'hot water' });
    expect(edges[0]?.node.externalId, 'the next request is answered').toBe('boiler');
  });

  return {
    get gateway() {
      return gateway;
    },
    get owner() {
      return owner;
    },
    post: (body, headers = {}) =>
      gateway.send('/graphql', {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${owner.token}`, ...headers },
        body,
      }),
    search: (input, page = {}) => gateway.graphql(owner.token, searchQuery, { input, ...page }),
    send: (query, variables) => gateway.graphql(owner.token, query, variables),
  };
}

/** The test of one row of a table of refusals. */
export const isRefused =
  (to: UntouchedGateway) =>
  async ({ send, ...expected }: BadRequest): Promise<void> =>
    expectRefusal(await send(to), expected);

export const badInput = { status: 400, code: 'BAD_USER_INPUT' } as const;
export const badRequest = { status: 400, code: 'BAD_REQUEST' } as const;
