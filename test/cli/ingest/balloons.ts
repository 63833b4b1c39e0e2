import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { until } from '../program.ts';

/** A line of a file to ingest. */
export function balloonLine(number: number, change: object = {}): string {
  const body = `Balloon number ${number} rose over the lake in the year ${1800 + number}.`;
  return JSON.stringify({ externalId: `balloon-${number}`, title: `Balloon ${number}`, body, ...change });
}

/** @returns the file's path. */
export async function writeLines(folder: string, name: string, lines: readonly string[]): Promise<string> {
  const path = join(folder, `${name}.jsonl`);
  await writeFile(path, `${lines.join('\n')}\n`);
  return path;
}

/** Writes a file of lines 1 to `count`. */
export function writeBalloons(folder: string, name: string, count: number): Promise<string> {
  return writeLines(
    folder,
    name,
    Array.from({ length: count }, (_, index) => balloonLine(index + 1)),
  );
}

/** What a run reports: created, updated, unchanged, invalid. */
export function tallyOf(stdout: string): [created: number, updated: number, unchanged: number, invalid: number] {
  const found = /: ([\d,]+) created, ([\d,]+) updated, ([\d,]+) unchanged; ([\d,]+) lines? invalid\.$/m.exec(stdout);
  const numbers = found?.slice(1).map((digits) => Number(digits.replaceAll(',', ''))) ?? [];
  const [created = -1, updated = -1, unchanged = -1, invalid = -1] = numbers;
  return [created, updated, unchanged, invalid];
}

/** The last line that a run recorded, once that is at least `atLeast`. */
export function recordedLine(path: string, tenant: string, atLeast: number): Promise<number> {
  return until(async () => {
    const text = await readFile(`${path}.${tenant}.progress`, 'utf8').catch(() => '{}');
    const recorded: number = JSON.parse(text).progress?.position.line ?? 0;
    return recorded >= atLeast ? recorded : undefined;
  });
}
