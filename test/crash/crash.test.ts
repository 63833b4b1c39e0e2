import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { getContainerRuntimeClient } from 'testcontainers';
import { afterAll, expect, test } from 'vitest';
import { createRandom } from '../../bench/random.ts';
import { loadStaticEmbedder } from '../../src/embed/static-embedder.ts';
import { cleanUp, run } from '../cli/program.ts';
import { type CrashDatabase, openCrashDatabase, withSuperuser } from './crash-database.ts';
import { planKills, runKills } from './killer.ts';
import { createModel } from './model.ts';
import { createSender, Tally } from './sender.ts';
import { findServedFaults, searchUntil } from './served-faults.ts';
import { findStaleVectors, findStoredFaults } from './stored-faults.ts';
import { randomParagraph } from './texts.ts';
import { supervisePostgres, superviseProgram, type Victim, victimKinds } from './victims.ts';
import { createWriter } from './writer.ts';

/** `CRASH_KILLS=500 CRASH_DOCUMENTS=... CRASH_SEED=...` for longer and for repeated runs. */
const killCount = Number(process.env.CRASH_KILLS ?? 27);
const documentCount = Number(process.env.CRASH_DOCUMENTS ?? 10_000);
const seed = Number(process.env.CRASH_SEED ?? randomBytes(4).readUInt32LE());

/** Writers of each tenant; the first two grow large enough for a graph each. */
const writersOf = { large: 3, middle: 2, small: 1 } as const;
const tenants = Object.keys(writersOf) as (keyof typeof writersOf)[];
const batchSize = 25;
/** Vectors from which on a tenant gets a graph, so that kills fall into builds too. */
const crossover = 2_000;

let database: CrashDatabase | undefined;
const victims = new Map<Victim['kind'], Victim>();

afterAll(async () => {
  await Promise.all([...victims.values()].map((victim) => victim.stop('SIGKILL')));
  await cleanUp();
  await database?.postgres.remove();
});

const hasEngine = await getContainerRuntimeClient().then(
  () => true,
  () => false,
);

test.skipIf(!hasEngine && !process.env.CI)(
  `${killCount} kills in an import of ${documentCount} documents lose nothing, double nothing and bring nothing back (seed ${seed})`,
  async () => {
    const random = createRandom(seed);
    const tally = new Tally();
    database = await openCrashDatabase(crossover);
    const { env, superuserUrl, postgres } = database;
    const sender = createSender(`http://127.0.0.1:${env.PORT}`, tally, createRandom(random.below(2 ** 31)));
    const tokens = new Map<string, string>();
    for (const tenant of tenants) {
      const { stdout } = await run(['token', '--tenant', tenant, '--ttl', '12h'], env);
      tokens.set(tenant, stdout.trim());
    }
    victims.set('postgres', supervisePostgres(postgres));
    victims.set('gateway', superviseProgram('gateway', 'serve', env, /"msg":"listening"/));
    victims.set('worker', superviseProgram('worker', 'work', env, /"msg":"the worker embeds what is written"/));
    await Promise.all(victimKinds.map((kind) => victims.get(kind)?.whenUp()));

    const model = createModel();
    const startedMs = performance.now();
    await importUnderFire();
    const importedMs = performance.now();
    await settle();
    const settledMs = performance.now();
    const seconds = (from: number, to: number) => `${((to - from) / 1_000).toFixed(0)} s`;
    process.stdout.write(
      `crash test, seed ${seed}: ${tally}; import ${seconds(startedMs, importedMs)}, settled ${seconds(importedMs, settledMs)} later\n`,
    );

    const faults = await lookAtEverything();
    expect(faults.slice(0, 20)).toEqual([]);
    for (const kind of victimKinds)
      expect(tally.get(`kills of ${kind}`)).toBeGreaterThanOrEqual(Math.floor(killCount / 3));
    // What nothing killed, nothing ended: a gateway and a worker outlive their database.
    expect([...victims.values()].flatMap(({ ownDeaths }) => ownDeaths)).toEqual([]);

    async function importUnderFire(): Promise<void> {
      const stopping = new AbortController();
      const { signal } = stopping;
      let remaining = documentCount;
      const progress = () => tally.get('documents') / documentCount;
      const killsLeft = () => killCount - victimKinds.reduce((sum, kind) => sum + tally.get(`kills of ${kind}`), 0);
      const isAhead = () => progress() > (planned[killCount - killsLeft()]?.at ?? 1) + 2 / killCount;
      const planned = planKills(killCount, random);
      const names = tenants.flatMap((tenant) =>
        Array.from({ length: writersOf[tenant] }, (_, index) => ({ tenant, name: `${tenant}${index}` })),
      );
      const writing = names.map(async ({ tenant, name }) => {
        // Each has random numbers of its own, so that its documents do not depend on who was faster.
        const own = createRandom(random.below(2 ** 31));
        const writer = createWriter({ sender, model, tally, random: own, tokens }, tenant, name);
        while (!signal.aborted && (remaining > 0 || killsLeft() > 0)) {
          // While the kills are behind, what is there is changed: every one of them is to fall into work.
          if (remaining > 0 && !isAhead()) {
            const count = Math.min(remaining, 1 + own.below(2 * batchSize - 1));
            remaining -= count;
            await writer.importBatch(count);
          }
          for (let changes = 1 + own.below(3); changes > 0; changes--) await writer.changeSomething();
        }
      });
      const killing = runKills(planned, victims, progress, signal, tally);
      const searchRandom = createRandom(random.below(2 ** 31));
      const token = tokens.get('large') ?? '';
      const searching = searchUntil(signal, { sender, token, model, nextText: () => randomParagraph(searchRandom) });
      const working = Promise.all([...writing, killing]);
      try {
        await Promise.race([working, searching.then(() => working)]);
      } finally {
        stopping.abort(new Error('Another part of the test ended.'));
        await Promise.allSettled([...writing, killing, searching]);
      }
      tally.add('searches', await searching);
    }

    /** Everything is up again, and what was claimed by those that died is given back. */
    async function settle(): Promise<void> {
      await Promise.all(victimKinds.map((kind) => victims.get(kind)?.whenUp()));
      await withSuperuser(superuserUrl, async (superuser) => {
        // The leases of those that died run out after two minutes; the clock is moved on instead.
        await superuser.query('update tessera.embedding_jobs set available_at = now() where available_at > now()');
        const left = `select (select count(*) from tessera.embedding_jobs)
          + (select count(*) from tessera.jobs where kind = 'delete' and done < total) as left`;
        // As long as it goes on: of many kills in a short time much is left.
        for (let [fewest, fewerAtMs] = [Number.POSITIVE_INFINITY, 0]; ; await wait(100)) {
          const { rows } = await superuser.query<{ left: string }>(left);
          const now = Number(rows[0]?.left);
          if (now < fewest) [fewest, fewerAtMs] = [now, performance.now()];
          if (now === 0 || performance.now() - fewerAtMs > 60_000) return;
        }
      });
      await victims.get('worker')?.stop();
      // A review of the tiers that fell to a kill is made up for, as the worker would within the next minutes.
      expect(await run(['tiers', '--apply'], env)).toMatchObject({ status: 0 });
    }

    async function lookAtEverything(): Promise<string[]> {
      const faults = await withSuperuser(superuserUrl, async (superuser) => {
        const stale = await findStaleVectors(superuser, loadStaticEmbedder());
        tally.add('vectors', stale.vectors);
        return [...(await findStoredFaults(superuser, model)), ...stale.faults];
      });
      for (const tenant of tenants)
        faults.push(...(await findServedFaults(sender, tokens.get(tenant) ?? '', tenant, model)));
      const reconciled = await run(['reconcile'], env);
      if (reconciled.status !== 0) faults.push(`reconcile: ${reconciled.stdout} ${reconciled.stderr}`);
      return faults;
    }
  },
  120_000 + killCount * 20_000 + documentCount * 20,
);
