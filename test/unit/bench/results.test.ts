import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { measure, saveResults } from '../../../bench/results.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tessera-results-'));
});
afterAll(() => rm(folder, { recursive: true }));

test('a measure keeps the machine, the server and the scale that it was measured at, whatever is measured later', async () => {
  const path = join(folder, 'results.json');
  const file = pathToFileURL(path);
  const read = async () => JSON.parse(await readFile(path, 'utf8')) as Record<string, { scale: object }>;
  const at = (chunks: number) => ({
    server: { postgres: '17.0', pgvector: '0.8.0' },
    scale: { chunks, tenants: 1, dimensions: 256 },
  });
  await writeFile(path, JSON.stringify({ machine: { cores: 1 }, scale: { chunks: 7 }, old: { value: 1 } }));
  await saveResults(file, { first: measure(1, 'x', '>=', 1), second: measure(1, 'x', '>=', 2) }, at(200_000));
  await saveResults(file, { second: measure(3, 'x', '>=', 2, 'again') }, at(500));
  const { old, first, second, ...others } = await read();
  expect(others).toEqual({});
  expect(old).toEqual({ value: 1 });
  expect(first).toMatchObject({ value: 1, holds: true, ...at(200_000), machine: { node: process.versions.node } });
  expect(second).toEqual({ ...first, ...at(500), value: 3, reach: '>= 2', note: 'again' });
});
