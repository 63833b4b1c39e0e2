import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { schema } from '../../src/graphql/schema.ts';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';
import { expectNothingOf, type LookAlike, openLookAlikes } from '../support/look-alikes.ts';
import { createRandomQueries, seededRandom } from '../support/random-queries.ts';
import { randomValuesFor, tracesBeyond } from '../support/random-values.ts';

/** 10,000 took 49 s by themselves; outside CI a fifth of them is enough, or as many as RANDOM_QUERIES says. */
const count = Number(process.env.RANDOM_QUERIES ?? (process.env.CI ? 10_000 : 2_000));
const seed = Number(process.env.RANDOM_SEED ?? 20_260_301);

describe('queries made at random out of the schema', () => {
  let gateway: TestGateway;
  let north: LookAlike;
  let south: LookAlike;
  beforeAll(async () => {
    gateway = await openTestGateway();
    [north, south] = await openLookAlikes(gateway);
  });
  afterAll(() => gateway.close());

  test(`${count} of them meet no bug and nothing of another tenant`, { timeout: 20 * count + 60_000 }, async () => {
    const admin = ['search', 'documents:read', 'documents:write', 'tenant:admin'];
    const tokens = new Map([
      [north, await gateway.tokenFor(north.tenant, admin)],
      [south, await gateway.tokenFor(south.tenant, admin)],
    ]);
    const outcomes: Record<string, number> = {};
    for (const [me, other] of [
      [north, south],
      [south, north],
    ] as const) {
      const query = createRandomQueries(
        schema,
        randomValuesFor(me, other),
        seededRandom(seed + me.tenant.length * 7 + me.documents),
      );
      for (let index = 0; index < count / 2; index++) {
        const text = query();
        const answer = await gateway.graphql(tokens.get(me), text);
        const codes = answer.errors.map(({ extensions }) => String(extensions?.code));
        const failed = answer.status >= 500 || codes.includes('INTERNAL_SERVER_ERROR');
        if (failed) expect.fail(`${answer.status} ${codes} for\n${text}\n${answer.text.slice(0, 1_000)}`);
        // The generator is to make valid queries, or it would not try much.
        if (codes.includes('GRAPHQL_VALIDATION_FAILED')) expect.fail(`${answer.text.slice(0, 500)} for\n${text}`);
        expectNothingOf({ ...other, traces: tracesBeyond(other, text) }, answer);
        const outcome = codes.length > 0 ? [...new Set(codes)].sort().join(' ') : 'answered';
        outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
      }
    }
    process.stdout.write(`${count} random queries, seed ${seed}: ${JSON.stringify(outcomes)}\n`);
    expect(outcomes.answered).toBeGreaterThan(count / 3);
    expect(gateway.logged.filter(({ level }) => level === 'error')).toEqual([]);
  });
});
