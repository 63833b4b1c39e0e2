import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type JsonLine, type Position, readLines } from '../../../src/cli/ingest/json-lines.ts';
import { cleanUp, newFolder } from '../program.ts';

let folder: string;
beforeAll(async () => {
  folder = await newFolder();
});
afterAll(cleanUp);

async function linesOf(content: string | Buffer, start?: Position): Promise<JsonLine[]> {
  const path = join(folder, 'lines.jsonl');
  await writeFile(path, content);
  const lines: JsonLine[] = [];
  for await (const line of readLines(path, start)) lines.push(line);
  return lines;
}

test('lines have their numbers and the bytes up to their end', async () => {
  expect(await linesOf('one\nzwölf\nthree\n')).toEqual([
    { text: 'one', position: { line: 1, offset: 4 } },
    { text: 'zwölf', position: { line: 2, offset: 11 } },
    { text: 'three', position: { line: 3, offset: 17 } },
  ]);
});

test('the last line needs no line end, Windows ends and a byte order mark are no part of a line, blank lines count', async () => {
  const lines = await linesOf('\ufeffone\r\n\r\n   \nfour');
  expect(lines.map(({ text, position }) => [text, position])).toEqual([
    ['one', { line: 1, offset: 8 }],
    ['four', { line: 4, offset: 18 }],
  ]);
  expect(await linesOf('')).toEqual([]);
});

test('reading goes on behind any line exactly as if it had never stopped', async () => {
  // Longer than the pieces in which a file is read, so that characters and lines are cut in two.
  const content = Array.from({ length: 4_000 }, (_, index) => `${index}${'ü€😀'.repeat(index % 40)}`).join('\n');
  const all = await linesOf(content);
  expect(all.map(({ text }) => text).join('\n')).toBe(content);
  for (const index of [0, 1, 1_999, 3_998, 3_999])
    expect(await linesOf(content, all[index]?.position)).toEqual(all.slice(index + 1));
});

test('a line that is not UTF-8, or longer than any document, is a fault, and the next one is read', async () => {
  const broken = Buffer.concat([Buffer.from('one\n'), Buffer.from([0xff, 0x0a]), Buffer.alloc(17 * 1024 * 1024, 'x')]);
  const lines = await linesOf(Buffer.concat([broken, Buffer.from('\nfour\n')]));
  expect(lines.map(({ text, fault, position }) => [position.line, text ?? fault])).toEqual([
    [1, 'one'],
    [2, 'it is not UTF-8.'],
    [3, 'it is longer than 16777216 bytes, which no document needs.'],
    [4, 'four'],
  ]);
});
