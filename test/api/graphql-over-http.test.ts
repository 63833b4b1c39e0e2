import { serverAudits } from 'graphql-http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Listening, listen } from '../../src/http/listen.ts';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';

/**
 * The public audit suite of GraphQL over HTTP, every audit of it: what the specification demands, what it advises and
 * what it allows. It asks the gateway over a port, as any client would.
 */
describe('GraphQL over HTTP', () => {
  let gateway: TestGateway;
  let listening: Listening;
  beforeAll(async () => {
    gateway = await openTestGateway();
    listening = await listen(gateway.gateway, { host: '127.0.0.1', port: 0 });
  });
  afterAll(async () => {
    await listening.close();
    await gateway.close();
  });

  const audits = serverAudits({ url: () => `${listening.url}/graphql` });

  test('the suite is whole', () => {
    expect(audits.length).toBeGreaterThanOrEqual(60);
  });

  test.for(audits.map((audit) => [`${audit.id}: ${audit.name}`, audit] as const))('%s', async ([, audit]) => {
    const result = await audit.fn();
    expect(result.status === 'ok' ? 'ok' : `${result.status}: ${result.reason}`).toBe('ok');
  });
});
