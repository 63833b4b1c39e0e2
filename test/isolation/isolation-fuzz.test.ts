import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeServer } from '../support/database.ts';
import { explain, newTally, operationsOf, runRound, shrinkRound } from './fuzz.ts';
import { type OpenGround, openGround } from './ground.ts';

/** Operations at least: 20,000 in CI, a quarter of them elsewhere, or as many as the variable says. */
const wanted = Number(process.env.TESSERA_FUZZ_OPERATIONS ?? (process.env.CI ? 20_000 : 5_000));
const firstSeed = Number(process.env.TESSERA_FUZZ_SEED ?? 20_261_125);
/** Steps of a round, each of one to four operations; a world of its own costs as much as some 30 of them. */
const stepsPerRound = 600;
/** A run of an hour says now and then how far it is. */
const operationsPerLine = 50_000;

describeServer('random operations of random tenants, hostile ones included', () => {
  let ground: OpenGround;
  beforeAll(async () => {
    ground = await openGround();
  });
  afterAll(() => ground[Symbol.asyncDispose]());

  test(`${wanted} of them differ from the model nowhere`, { timeout: 60_000 + 30 * wanted }, async () => {
    const tally = newTally();
    let rounds = 0;
    let saidAt = 0;
    while (operationsOf(tally) < wanted) {
      if (operationsOf(tally) - saidAt >= operationsPerLine) {
        saidAt = operationsOf(tally);
        process.stdout.write(
          `${saidAt} operations so far, in ${rounds} rounds from seed ${firstSeed}: 0 differences\n`,
        );
      }
      const options = { seed: firstSeed + rounds++, steps: Math.min(stepsPerRound, wanted) };
      const differences = await runRound(ground, options, tally);
      if (differences.length > 0) expect.fail(explain(await shrinkRound(ground, options), options));
    }
    const { operations, refused, events, rows } = tally;
    process.stdout.write(
      `${operationsOf(tally)} operations in ${rounds} rounds from seed ${firstSeed}: ${refused} refused, ${events} events of subscriptions, ${rows} rows compared, 0 differences; ${JSON.stringify(operations)}\n`,
    );
    await expect.poll(() => ground.gateway.watches.count(), { timeout: 10_000 }).toBe(0);
    expect(ground.gateway.logged.filter(({ level }) => level === 'error')).toEqual([]);
  });
});
