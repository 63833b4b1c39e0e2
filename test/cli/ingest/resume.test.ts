import { appendFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type GatewayProcess, startGateway } from '../gateway-process.ts';
import { cleanUp, type Finished, newFolder, run, start } from '../program.ts';
import { balloonLine as line, recordedLine, tallyOf, writeBalloons, writeLines } from './balloons.ts';

let folder: string;
let gateway: GatewayProcess;

beforeAll(async () => {
  folder = await newFolder();
  gateway = await startGateway();
});
afterAll(async () => {
  await gateway?.close();
  await cleanUp();
});

function command(path: string, tenant: string, ...options: string[]): string[] {
  return ['ingest', path, '--tenant', tenant, '--url', gateway.url, ...options];
}

function ingest(path: string, tenant: string, ...options: string[]): Promise<Finished> {
  return run(command(path, tenant, ...options), gateway.env);
}

async function counts(tenant: string): Promise<unknown> {
  return (await gateway.askAs<{ tenant: unknown }>(tenant, '{ tenant { documents pendingChunks } }')).tenant;
}

async function records(): Promise<string[]> {
  return (await readdir(folder)).filter((name) => name.includes('.progress'));
}

test('a run that is killed is taken up again, and every document is there exactly once', async () => {
  const path = await writeBalloons(folder, 'killed', 400);
  const killed = start(command(path, 'killed', '--batch', '2'), gateway.env);
  await recordedLine(path, 'killed', 10);
  await killed.kill('SIGKILL');
  const reached = await recordedLine(path, 'killed', 10);
  expect(reached).toBeLessThan(400);

  const { status, stdout, stderr } = await ingest(path, 'killed');
  expect(status).toBe(0);
  expect(stderr).toMatch(new RegExp(`^Going on behind line ${reached}, where the last run stopped`));
  const [created, updated, unchanged] = tallyOf(stdout);
  expect([created + unchanged, updated]).toEqual([400 - reached, 0]);
  // Only the batch that was stored and not recorded is seen twice.
  expect(unchanged).toBeLessThanOrEqual(2);
  // Both runs left their chunks to one job, so that the second waits for those of the first.
  expect(await gateway.askAs('killed', '{ jobs { status total } }')).toEqual({
    jobs: [{ status: 'FINISHED', total: 400 }],
  });
  expect(await counts('killed')).toEqual({ documents: 400, pendingChunks: 0 });
  expect(await records()).toEqual([]);
});

test('Ctrl+C finishes the batch in hand, records it and says how to go on; a changed file begins anew', async () => {
  const path = await writeBalloons(folder, 'stopped', 400);
  const stopped = start(command(path, 'stopped', '--batch', '2'), gateway.env);
  await recordedLine(path, 'stopped', 10);
  const { status, stdout, stderr } = await stopped.kill('SIGINT');
  const reached = await recordedLine(path, 'stopped', 10);
  expect([status, stdout]).toEqual([130, '']);
  expect(stderr).toBe(
    `tessera: Stopped. The file is stored up to line ${reached}; the same command goes on from there.\n`,
  );
  expect(await counts('stopped')).toMatchObject({ documents: reached });

  await appendFile(path, `${line(401)}\n`);
  const again = await ingest(path, 'stopped');
  expect(again.stderr).not.toContain('Going on');
  expect(tallyOf(again.stdout)).toEqual([401 - reached, 0, reached, 0]);
});

test('a record is not used by --restart, for another collection, nor where the documents are gone', async () => {
  const path = await writeLines(folder, 'anew', [line(1), line(2), '{']);
  await ingest(path, 'anew', '--batch', '1');
  expect(await recordedLine(path, 'anew', 2)).toBe(2);
  const record = await readFile(`${path}.anew.progress`);
  const tallyFromRecord = async (...options: string[]) => {
    await writeFile(`${path}.anew.progress`, record);
    return tallyOf((await ingest(path, 'anew', '--skip-invalid', ...options)).stdout);
  };

  expect(await tallyFromRecord()).toEqual([0, 0, 0, 1]);
  expect(await tallyFromRecord('--restart')).toEqual([0, 0, 2, 1]);
  expect(await tallyFromRecord('--collection', 'other')).toEqual([2, 0, 0, 1]);

  const listed = await gateway.askAs<{ documents: { edges: { node: { id: string } }[] } }>(
    'anew',
    '{ documents(first: 10) { edges { node { id } } } }',
  );
  const ids = listed.documents.edges.map(({ node }) => node.id);
  await gateway.askAs('anew', `mutation { deleteDocuments(ids: ${JSON.stringify(ids)}) { deletedIds } }`);
  expect(await tallyFromRecord()).toEqual([2, 0, 0, 1]);
});

test('a run that leaves out the last line of every batch is taken up again where it was killed', async () => {
  await run(['define', 'default', '--attribute', 'year:number', '--tenant', 'gaps', '--url', gateway.url], gateway.env);
  const lines = Array.from({ length: 400 }, (_, index) =>
    line(index + 1, { metadata: { year: index % 2 === 0 ? index : 'soon' } }),
  );
  const path = await writeLines(folder, 'gaps', lines);
  const killed = start(command(path, 'gaps', '--batch', '2', '--skip-invalid'), gateway.env);
  await recordedLine(path, 'gaps', 10);
  await killed.kill('SIGKILL');
  const reached = await recordedLine(path, 'gaps', 10);
  expect(reached).toBeLessThan(400);
  const { status, stdout, stderr } = await ingest(path, 'gaps', '--batch', '2', '--skip-invalid');
  expect(status).toBe(0);
  expect(stderr).toMatch(new RegExp(`^Going on behind line ${reached}, where the last run stopped`));
  const [created, , unchanged, invalid] = tallyOf(stdout);
  expect([created + unchanged, invalid]).toEqual([(400 - reached) / 2, (400 - reached) / 2]);
  expect(await counts('gaps')).toEqual({ documents: 200, pendingChunks: 0 });
});

test('where nothing can be recorded the run goes on, and says so once', async () => {
  const path = await writeBalloons(folder, 'unrecorded', 3);
  await mkdir(`${path}.unrecorded.progress.new`);
  const { status, stdout, stderr } = await ingest(path, 'unrecorded', '--batch', '1');
  expect([status, tallyOf(stdout)]).toEqual([0, [3, 0, 0, 0]]);
  expect(stderr).toMatch(/^How far it is cannot be recorded, so a run that is stopped begins anew: EISDIR[^\n]*\n$/);
});

test('a gateway that goes away ends the run with where it is', async () => {
  const path = await writeBalloons(folder, 'outage', 400);
  const program = start(command(path, 'outage', '--batch', '2'), gateway.env);
  await recordedLine(path, 'outage', 10);
  await gateway.program.kill('SIGKILL');
  const { status, stderr } = await program.finished;
  expect(status).toBe(1);
  expect(stderr).toMatch(
    /^tessera: http:\S+ cannot be reached: [^\n]+\. The file is stored up to line \d+; the same command goes on from there\.\n$/,
  );
});
