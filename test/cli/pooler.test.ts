import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { describePooled, openPooler, type Pooler } from '../support/pgbouncer.ts';
import { serverEnv } from './gateway-process.ts';
import { ask, cleanUp, run, start, until } from './program.ts';

describePooled('tessera serve behind PgBouncer', () => {
  let db: TestDatabase;
  let pooler: Pooler;
  let env: Record<string, string>;
  beforeAll(async () => {
    db = await openTestDatabase();
    pooler = await openPooler({ connections: 3 });
    const { gateway, worker } = db.urls;
    env = serverEnv({ ...db.urls, gateway: pooler.through(gateway), worker: pooler.through(worker) });
  });
  afterAll(async () => {
    await cleanUp();
    await pooler.close();
    await db.close();
  });

  const viewer = '{ viewer { tenantId } }';
  const listening = /"url":"(http:[^"]+)","msg":"listening"/;
  const polls = /revocations are asked for, because a pooler does not pass announcements on; LISTEN_DATABASE_URL/;

  /** Starts a gateway, lets a key in that another process makes, and takes it back there. */
  async function serveAndRevoke(change: Record<string, string>): Promise<{ stderr: string; revokedAfterMs: number }> {
    const server = start(['serve'], { ...env, ...change });
    const [, url = ''] = await server.waitFor('stderr', listening);
    expect((await fetch(`${url}/ready`)).status).toBe(200);
    const { stdout } = await run(['key', 'create', '--tenant', 'house', '--name', 'robot'], env);
    const key = stdout.trim();
    expect(await ask(url, key, viewer)).toMatchObject({ data: { viewer: { tenantId: 'house' } } });
    await run(['key', 'revoke', key.slice(4, 16), '--tenant', 'house'], env);
    const startMs = performance.now();
    await until(async () =>
      (await ask(url, key, viewer)).errors?.[0]?.message.includes('revoked') ? true : undefined,
    );
    const revokedAfterMs = performance.now() - startMs;
    const { status, stderr } = await server.kill();
    expect(status).toBe(0);
    return { stderr, revokedAfterMs };
  }

  test('starts, says that it polls, and refuses what another process revoked', async () => {
    const { stderr, revokedAfterMs } = await serveAndRevoke({});
    expect(stderr).toMatch(polls);
    // A beat of two seconds, and what a busy machine adds.
    expect(revokedAfterMs).toBeLessThan(5_000);
    const { rows } = await db.owner.query(
      `select count(*)::int as listening from pg_stat_activity where datname = current_database() and query ilike 'listen%'`,
    );
    expect(rows).toEqual([{ listening: 0 }]);
  });

  test('hears of revocations at once where LISTEN_DATABASE_URL goes past it', async () => {
    const { stderr } = await serveAndRevoke({ LISTEN_DATABASE_URL: db.urls.gateway });
    expect(stderr).not.toMatch(polls);
  });

  test('embeds and finds through it', async () => {
    const server = start(['serve'], { ...env, WORKER_IN_SERVE: 'true' });
    const [, url = ''] = await server.waitFor('stderr', listening);
    const token = (await run(['token', '--tenant', 'house'], env)).stdout.trim();
    await ask(
      url,
      token,
      'mutation { upsertDocuments(input: [{ collection: "c", title: "The lift", body: "It goes to the roof." }]) { __typename } }',
    );
    await until(async () => {
      const { data } = await ask(url, token, '{ tenant { pendingChunks } }');
      return (data?.tenant as { pendingChunks: number } | undefined)?.pendingChunks === 0 ? true : undefined;
    });
    const found = await ask(
      url,
      token,
      '{ search(input: { text: "elevator to the roof", mode: SEMANTIC }) { ... on SearchConnection { edges { node { title } } } } }',
    );
    expect(found.data).toEqual({ search: { edges: [{ node: { title: 'The lift' } }] } });
    await server.kill();
  });

  test('does not start where statements are pooled and no transaction holds together', async () => {
    const apart = await openPooler({ connections: 1, mode: 'statement' });
    try {
      const { status, stderr } = await run(['serve'], { ...env, DATABASE_URL: apart.through(db.urls.gateway) });
      expect(status).toBe(1);
      expect(stderr).toMatch(
        /^tessera: The database cannot be reached: [^\n]* Set the pooler [^\n]* not statements\.\n$/,
      );
      expect(stderr).not.toMatch(/listening|\n\s+at /);
    } finally {
      await apart.close();
    }
  });
});
