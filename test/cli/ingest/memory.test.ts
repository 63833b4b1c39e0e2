import { createWriteStream } from 'node:fs';
import { link, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeServer } from '../../support/database.ts';
import { type GatewayProcess, startGateway } from '../gateway-process.ts';
import { cleanUp, newFolder, run } from '../program.ts';
import { tallyOf } from './balloons.ts';

const megabyte = 2 ** 20;
/** By how much more may be held at a time of the large file than of 15 MB; whoever held one of 120 MB would hold 105 MB more. */
const mostGrowthMb = 40;
/** A round has 3 MB: documents of 20 kB that come again in the next one, wrong ones of 100 kB, and a few that are new. */
const roundsOfSmall = 5;
/** 120 MB, or as many gigabytes as `TESSERA_MEMORY_GB` says. */
const { TESSERA_MEMORY_GB: gigabytes = '0.12' } = process.env;
const roundsOfLarge = Math.ceil((Number(gigabytes) * 1_000) / 3);
const [repeated, wrong, fresh] = [30, 24, 10];
const prose = 'The balloon rose over the lake. '.repeat(625);
const hollow = 'x'.repeat(100_000);

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

interface Rounds {
  readonly rounds: number;
  readonly repeated: number;
  readonly wrong: number;
}

/** @returns the most that the program held, in MB. */
async function ingest(path: string, tenant: string, { rounds, repeated, wrong }: Rounds, options: readonly string[]) {
  const preload = new URL('../../support/report-held.ts', import.meta.url).href;
  const args = ['ingest', path, '--tenant', tenant, '--skip-invalid', '--no-wait', ...options];
  const { stdout, stderr } = await run(args, { ...gateway.env, NODE_OPTIONS: `--import=${preload}` });
  const created = rounds * fresh + repeated;
  expect(tallyOf(stdout), stderr.slice(-2_000)).toEqual([created, 0, (rounds - 1) * repeated, rounds * wrong]);
  return Number(/held at most (\d+) bytes/.exec(stderr)?.[1]) / megabyte;
}

/** Sources are written one after the other, so that they do not all take room. */
async function expectFlat(
  name: string,
  write: (rounds: number) => Promise<string>,
  { repeated, wrong, options }: Omit<Rounds, 'rounds'> & { readonly options: readonly string[] },
): Promise<void> {
  const heldMb = [];
  for (const rounds of [roundsOfSmall, roundsOfLarge]) {
    const path = await write(rounds);
    heldMb.push(await ingest(path, `${name}-${rounds}`, { rounds, repeated, wrong }, options));
    await rm(path, { recursive: true });
  }
  const [small = Number.NaN, large = Number.NaN] = heldMb;
  if (process.env.TESSERA_MEMORY_GB)
    process.stdout.write(`${name}: held ${heldMb.join(' and ')} MB of 15 MB and ${gigabytes} GB\n`);
  expect(large - small, `held ${heldMb.join(' and ')} MB`).toBeLessThan(mostGrowthMb);
}

async function writeFileOf(name: string, head: string, rounds: number, line: Line): Promise<string> {
  const path = join(folder, name);
  function* lines() {
    yield head;
    for (let round = 0; round < rounds; round++) {
      for (let i = 0; i < repeated; i++) yield line(`lake-${i}`, prose);
      for (let i = 0; i < wrong; i++) yield line('', hollow);
      for (let i = 0; i < fresh; i++) yield line(`new-${round}-${i}`, `Balloon ${i} of ${round}.`);
    }
  }
  await pipeline(Readable.from(lines()), createWriteStream(path));
  return path;
}

const csvHead = 'externalId,title,body\n';
type Line = (externalId: string, body: string) => string;
const jsonLine: Line = (externalId, body) => `${JSON.stringify({ externalId, title: 'Lake', body })}\n`;
const csvLine: Line = (externalId, body) => `${externalId},Lake,"${body}\n""and back"""\n`;
const vectorLine: Line = (externalId, body) =>
  externalId.startsWith('new')
    ? `${JSON.stringify({ externalId, title: 'Lake', body, vector: Array.from({ length: 512 }, (_, i) => Math.sin(i + body.length)) })}\n`
    : jsonLine(externalId, body);

async function writeFolderOf(rounds: number): Promise<string> {
  const path = join(folder, 'handbook');
  await mkdir(path);
  // One file under many names takes the room of one.
  const long = join(folder, 'long');
  await writeFile(long, Buffer.alloc(megabyte, 'long '));
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < wrongFiles; i++) await link(long, join(path, `wrong-${round}-${i}.txt`));
    for (let i = 0; i < fresh; i++) await writeFile(join(path, `new-${round}-${i}.md`), `Balloon ${i} of ${round}.`);
  }
  return path;
}

const wrongFiles = 3;
const limits = { timeout: 120_000 + Number(gigabytes) * 1_800_000 };

test('JSON lines through the API take no more memory for a large file than for 15 MB', limits, () =>
  expectFlat('api', (rounds) => writeFileOf('api.jsonl', '', rounds, jsonLine), { repeated, wrong, options: [] }),
);

describeServer('with --direct', () => {
  const options = ['--direct'];

  test('JSON lines, some with vectors, take no more memory for a large file than for 15 MB', limits, () =>
    expectFlat('direct', (rounds) => writeFileOf('direct.jsonl', '', rounds, vectorLine), { repeated, wrong, options }),
  );

  test('CSV takes no more memory for a large file than for 15 MB', limits, () =>
    expectFlat('csv', (rounds) => writeFileOf('lake.csv', csvHead, rounds, csvLine), { repeated, wrong, options }),
  );

  test('a folder takes no more memory for a large one than for 15 MB', limits, () =>
    expectFlat('folder', writeFolderOf, { repeated: 0, wrong: wrongFiles, options }),
  );
});
