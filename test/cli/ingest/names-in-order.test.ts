import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { namesInOrder } from '../../../src/cli/ingest/names-in-order.ts';
import { cleanUp, newFolder } from '../program.ts';

afterAll(cleanUp);

test('the names of a folder come once each and in order, however few are held at a time', async () => {
  const folder = await newFolder();
  const names = Array.from({ length: 101 }, (_, index) => `${(index * 37) % 101}-ä.md`);
  for (const name of names) await writeFile(join(folder, name), '');
  await writeFile(join(folder, '.hidden.md'), '');
  await writeFile(join(folder, 'picture.png'), '');
  await mkdir(join(folder, '5-folder'));
  const expected = [...names, '5-folder'].toSorted((a, b) => (a < b ? -1 : 1));
  for (const held of [1, 2, 7, 51, 102, 1_000]) {
    let looks = 0;
    const isWanted = ({ name }: { readonly name: string }) => {
      if (name === 'picture.png') looks += 1;
      return name !== 'picture.png';
    };
    const found = [...namesInOrder(folder, isWanted, held)];
    expect(found.map(({ name }) => name)).toEqual(expected);
    expect(found.filter(({ isFolder }) => isFolder).map(({ name }) => name)).toEqual(['5-folder']);
    // Once for each part: nothing is kept from one look to the next.
    expect(looks).toBeLessThanOrEqual(Math.ceil(102 / held));
  }
});
