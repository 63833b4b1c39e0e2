import { readFile, writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';

/** What was measured, and what was to be reached. */
export interface Measure {
  readonly value: number;
  readonly unit: string;
  /** Such as `>= 0.9`. */
  readonly reach: string;
  readonly holds: boolean;
  /** What the number was made of, where it is not plain. */
  readonly note?: string;
}

export type Measures = Readonly<Record<string, Measure>>;

/** The circumstances of a run. */
export interface Circumstances {
  readonly machine: {
    readonly processor: string;
    readonly cores: number;
    readonly memoryGb: number;
    readonly node: string;
  };
  readonly server: { readonly postgres: string; readonly pgvector: string };
  readonly scale: { readonly chunks: number; readonly tenants: number; readonly dimensions: number };
}

/** A value that is good when it is large, or when it is small. */
export function measure(value: number, unit: string, sign: '>=' | '<=', limit: number, note?: string): Measure {
  const rounded = Number(value.toPrecision(4));
  const holds = sign === '>=' ? rounded >= limit : rounded <= limit;
  return { value: rounded, unit, reach: `${sign} ${Number(limit.toPrecision(4))}`, holds, ...(note && { note }) };
}

export function thisMachine(): Circumstances['machine'] {
  return {
    processor: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    node: process.versions.node,
  };
}

/** Puts measures into the file by their names; those of other benchmarks stay. */
export async function saveResults(file: URL, measures: Measures, circumstances: Partial<Circumstances>): Promise<void> {
  const known = await readFile(file, 'utf8').then(
    (text) => JSON.parse(text) as object,
    () => ({}),
  );
  await writeFile(file, `${JSON.stringify({ ...known, ...circumstances, ...measures }, null, 2)}\n`);
}

export function printMeasures(measures: Measures): void {
  for (const [name, { value, unit, reach, holds, note }] of Object.entries(measures)) {
    const line = `${name.padEnd(20)} ${String(value).padStart(9)} ${unit.padEnd(12)} ${reach.padStart(9)}  ${holds ? 'holds' : 'FALLS SHORT'}`;
    console.log(note ? `${line}   ${note}` : line);
  }
}
