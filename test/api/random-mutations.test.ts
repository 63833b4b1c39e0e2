import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { schema } from '../../src/graphql/schema.ts';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';
import { expectNothingOf, type LookAlike, openLookAlikes } from '../support/look-alikes.ts';
import { createRandomQueries, seededRandom } from '../support/random-queries.ts';
import { randomValuesFor, tracesBeyond } from '../support/random-values.ts';
import { digestOfTenant } from '../support/stored-rows.ts';

/** As many as RANDOM_MUTATIONS says, otherwise enough to meet each mutation a hundred times. */
const count = Number(process.env.RANDOM_MUTATIONS ?? (process.env.CI ? 2_000 : 600));
const seed = Number(process.env.RANDOM_SEED ?? 20_260_301);

describe('mutations made at random out of the schema', () => {
  let gateway: TestGateway;
  let me: LookAlike;
  let other: LookAlike;
  beforeAll(async () => {
    gateway = await openTestGateway();
    [me, other] = await openLookAlikes(gateway);
  });
  afterAll(() => gateway.close());

  test(`${count} of them meet no bug, and nothing of another tenant is told or changed`, {
    timeout: 40 * count + 60_000,
  }, async () => {
    const before = await digestOfTenant(gateway.db.owner, other.tenant);
    const own = await digestOfTenant(gateway.db.owner, me.tenant);
    const token = await gateway.tokenFor(me.tenant, ['search', 'documents:read', 'documents:write', 'tenant:admin']);
    const mutation = createRandomQueries(schema, randomValuesFor(me, other), seededRandom(seed), 'mutation');
    const outcomes: Record<string, number> = {};
    for (let index = 0; index < count; index++) {
      const text = mutation();
      const answer = await gateway.graphql(token, text);
      const codes = answer.errors.map(({ extensions }) => String(extensions?.code));
      const failed = answer.status >= 500 || codes.includes('INTERNAL_SERVER_ERROR');
      if (failed) expect.fail(`${answer.status} ${codes} for\n${text}\n${answer.text.slice(0, 1_000)}`);
      if (codes.includes('GRAPHQL_VALIDATION_FAILED')) expect.fail(`${answer.text.slice(0, 500)} for\n${text}`);
      expectNothingOf({ ...other, traces: tracesBeyond(other, text) }, answer);
      const outcome = codes.length > 0 ? [...new Set(codes)].sort().join(' ') : 'answered';
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    }
    process.stdout.write(`${count} random mutations, seed ${seed}: ${JSON.stringify(outcomes)}\n`);
    expect(outcomes.answered).toBeGreaterThan(count / 4);
    expect(await digestOfTenant(gateway.db.owner, other.tenant)).toEqual(before);
    expect(await digestOfTenant(gateway.db.owner, me.tenant)).not.toEqual(own);
    expect(gateway.logged.filter(({ level }) => level === 'error')).toEqual([]);
  });
});
