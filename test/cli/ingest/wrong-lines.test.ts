import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeServer } from '../../support/database.ts';
import { type GatewayProcess, startGateway } from '../gateway-process.ts';
import { cleanUp, type Finished, newFolder, run } from '../program.ts';
import { balloonLine, tallyOf, writeBalloons, writeLines } from './balloons.ts';

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

const ingest = (path: string, tenant: string, ...options: string[]): Promise<Finished> =>
  run(['ingest', path, '--tenant', tenant, '--url', gateway.url, ...options], gateway.env);
const ingestDirectly = (path: string, tenant: string, ...options: string[]): Promise<Finished> =>
  run(['ingest', path, '--tenant', tenant, '--direct', ...options], gateway.env);

/** The same source ends the run at `fault`, and with --skip-invalid is stored but for what is reported. */
async function expectFaults(path: string, tenant: string, stored: number, faults: readonly string[]): Promise<void> {
  const refused = await ingest(path, tenant);
  expect(refused).toMatchObject({ status: 1, stdout: '' });
  expect(refused.stderr).toContain(`tessera: ${faults[0]}`);
  expect(refused.stderr).toContain('or pass --skip-invalid.');
  const skipped = await ingest(path, tenant, '--skip-invalid', '--restart');
  expect(skipped.status).toBe(0);
  const [created, , unchanged, invalid] = tallyOf(skipped.stdout);
  expect({ stored: created + unchanged, invalid }).toEqual({ stored, invalid: faults.length });
  for (const fault of faults) expect(skipped.stderr).toContain(fault);
}

const unclosed = 'a quote is opened and not closed';

test('a quote of CSV that is never closed costs its own line and none behind it', async () => {
  const path = join(folder, 'unclosed.csv');
  const rows = [
    'externalId,title,body',
    'a,A,Rose.',
    'b,B,"Rose',
    'c,C,"Rose ""again""',
    'and again."',
    'd,D,Rose.',
    'e,"',
  ];
  await writeFile(path, rows.join('\n'));
  await expectFaults(path, 'unclosed', 3, [`Line 3: ${unclosed}`, `Line 7: ${unclosed}`]);
});

test('a quote that is not closed within 16 MB is not looked for any further', async () => {
  const path = join(folder, 'long.csv');
  const wrong = `x,${'y'.repeat(1_000_000)}\n`.repeat(20);
  await writeFile(path, `externalId,title,body\na,A,"Rose\n${wrong}b,B,Rose.\n`);
  const { stderr, stdout } = await ingest(path, 'long', '--skip-invalid');
  expect(stderr).toContain(`Line 2: ${unclosed}`);
  expect(stderr).toContain('Line 22: it has 2 cells; the first line names 3 columns.');
  expect(tallyOf(stdout)).toEqual([1, 0, 0, 21]);
});

test('CSV that names a column twice is refused, whatever the flag; columns without a name and without cells are not', async () => {
  const path = join(folder, 'twice.csv');
  await writeFile(path, '\ufeffexternalId,title,body,"title"\na,A,Rose.,B\n');
  for (const options of [[], ['--skip-invalid']]) {
    expect(await ingest(path, 'twice', ...options)).toMatchObject({
      status: 1,
      stdout: '',
      stderr: `tessera: ${path} names the column "title" twice, so which of them counts is not known.\n`,
    });
  }
  await writeFile(path, 'externalId,title,body,,\na,A,Rose.,,\n');
  const { status, stdout } = await ingest(path, 'twice');
  expect([status, tallyOf(stdout)]).toEqual([0, [1, 0, 0, 0]]);
});

test('lines of CSV and of JSON that are no UTF-8 are told by their numbers', async () => {
  const latin = Buffer.from('b,B,Z\xfcrich\n', 'latin1');
  const csv = join(folder, 'latin.csv');
  await writeFile(
    csv,
    Buffer.concat([
      Buffer.from('externalId,title,body\na,A,Rose.\n'),
      latin,
      Buffer.from('c,C,"Rose\n'),
      latin,
      Buffer.from('d,D,Rose.\n'),
    ]),
  );
  await expectFaults(csv, 'latin-csv', 2, [
    'Line 3: it is not UTF-8.',
    `Line 4: ${unclosed}`,
    'Line 5: it is not UTF-8.',
  ]);
  const json = join(folder, 'latin.jsonl');
  await writeFile(json, Buffer.concat([Buffer.from(`${balloonLine(1)}\n`), latin, Buffer.from(balloonLine(2))]));
  await expectFaults(json, 'latin-json', 2, ['Line 2: it is not UTF-8.']);
  const utf16 = join(folder, 'utf16.csv');
  await writeFile(utf16, Buffer.from('\ufeffexternalId,title,body\na,A,Rose.\n', 'utf16le'));
  const { status, stderr } = await ingest(utf16, 'utf16', '--skip-invalid');
  expect([status, stderr]).toEqual([
    1,
    `tessera: ${utf16} does not begin with the names of its columns: it is not UTF-8.\n`,
  ]);
});

test('of a folder, what cannot be read is told by its path, and links are not followed', async () => {
  const path = join(folder, 'handbook');
  await mkdir(join(path, 'deep'), { recursive: true });
  await writeFile(join(path, 'deep/a.md'), 'Rose.');
  await writeFile(join(path, 'z.md'), 'Rose.');
  await symlink('..', join(path, 'deep/loop'));
  await symlink('../z.md', join(path, 'deep/z.md'));
  // Names that are no UTF-8 cannot be asked for, whoever asks; an administrator could read anything else.
  const unnamed = (name: string) => Buffer.concat([Buffer.from(`${path}/${name}`), Buffer.from([0xfc])]);
  await writeFile(Buffer.concat([unnamed('file'), Buffer.from('.md')]), 'Rose.');
  await mkdir(unnamed('folder'));
  const faults = ['file\ufffd.md: it cannot be read: ', 'folder\ufffd/: the folder cannot be read: '];
  await expectFaults(path, 'handbook', 2, faults);
});

describe('a value of another type than its collection declares, which the gateway alone finds', () => {
  /** Eight lines, of which 3 and 8 name a year in words; the last of its batch is among them. */
  const writeYears = async (tenant: string) => {
    const defined = await run(
      ['define', 'air', '--attribute', 'year:number', '--tenant', tenant, '--url', gateway.url],
      gateway.env,
    );
    expect(defined.status).toBe(0);
    const year = (number: number) => ({ collection: 'air', metadata: { year: number % 5 === 3 ? 'soon' : number } });
    return writeLines(
      folder,
      tenant,
      Array.from({ length: 8 }, (_, index) => balloonLine(index + 1, year(index + 1))),
    );
  };
  test.each([
    ['a gateway by its address', 'typed-url', (tenant: string) => ['--url', gateway.url, '--tenant', tenant]],
    ['the one of the settings', 'typed-own', (tenant: string) => ['--tenant', tenant]],
  ])(
    'over %s ends the run, or is left out with its line while the rest of its batch is stored',
    async (_, tenant, to) => {
      const path = await writeYears(tenant);
      const load = (...options: string[]) =>
        run(['ingest', path, ...to(tenant), '--batch', '2', ...options], gateway.env);
      const refused = await load();
      expect([refused.status, refused.stdout]).toEqual([1, '']);
      expect(refused.stderr).toMatch(
        /^tessera: Line 3: the (?!.*Document \d)[^\n]+ The file is stored up to line 2\. Mend it and run the same command again, or pass --skip-invalid\.\n$/m,
      );
      const skipped = await load('--skip-invalid');
      expect(skipped.stderr).toContain('Going on behind line 2');
      expect(skipped.stderr.match(/^Line \d+: .*/gm)).toEqual([
        expect.stringMatching(/^Line 3: the (?!.*Document \d)/),
        expect.stringMatching(/^Line 8: the (?!.*Document \d)/),
      ]);
      expect([skipped.status, tallyOf(skipped.stdout)]).toEqual([0, [4, 0, 0, 2]]);
      const { tenant: stored } = await gateway.askAs<{ tenant: unknown }>(tenant, '{ tenant { documents } }');
      expect(stored).toEqual({ documents: 6 });
    },
  );
});

describeServer('a file of vectors', () => {
  const vectors = async (name: string, count: number, extraBytes = 0) => {
    const path = join(folder, `${name}.f32`);
    await writeFile(
      path,
      Buffer.concat([Buffer.from(new Float32Array(512 * count).fill(1).buffer), Buffer.alloc(extraBytes)]),
    );
    return path;
  };

  test('that holds no whole number of vectors is refused before anything is stored', async () => {
    const path = await writeBalloons(folder, 'odd', 2);
    const file = await vectors('odd', 2, 2);
    const { status, stderr } = await ingestDirectly(path, 'odd', '--vectors', file, '--skip-invalid');
    expect(status).toBe(1);
    expect(stderr).toContain(
      `${file} has 4098 bytes, which is no number of vectors: the model's have 512 components of 4 bytes.`,
    );
  });

  test('that ends too early makes the lines behind its end wrong', async () => {
    const path = await writeBalloons(folder, 'short', 3);
    const options = ['--vectors', await vectors('short', 2)];
    const refused = await ingestDirectly(path, 'short', ...options);
    expect([refused.status, refused.stderr]).toMatchObject([
      1,
      expect.stringContaining('Line 3: the file of vectors ends before it.'),
    ]);
    const skipped = await ingestDirectly(path, 'short', ...options, '--skip-invalid', '--restart');
    expect([skipped.status, tallyOf(skipped.stdout)]).toEqual([0, [0, 0, 2, 1]]);
  });

  test('that goes on behind the last document is told, each time', async () => {
    const path = await writeBalloons(folder, 'longer', 2);
    const options = ['--vectors', await vectors('longer', 3)];
    for (let time = 0; time < 2; time++) {
      const { status, stderr } = await ingestDirectly(path, 'longer', ...options, '--skip-invalid');
      expect(status).toBe(1);
      expect(stderr).toContain('The file of vectors holds 3, and the last document is number 2');
    }
  });

  test('ends the run at a record whose end is not known, for the vectors behind it are not known either', async () => {
    const path = join(folder, 'uncertain.csv');
    await writeFile(path, 'externalId,title,body\na,A,Rose.\nb,B,"Rose\nc,C,Rose.\n');
    const options = ['--vectors', await vectors('uncertain', 3), '--skip-invalid'];
    const { status, stderr } = await ingestDirectly(path, 'uncertain', ...options);
    expect(status).toBe(1);
    expect(stderr).toContain(`Line 3: ${unclosed}`);
    expect(stderr).toContain('run the same command again: which vectors are of the documents behind it is not known.');
  });
});
