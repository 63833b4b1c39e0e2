import { readFile, writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import type pg from 'pg';

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

/** The circumstances of a measure. */
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

function thisMachine(): Circumstances['machine'] {
  return {
    processor: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    node: process.versions.node,
  };
}

/** The versions of a server. */
export async function readServer(client: Pick<pg.Client, 'query'>): Promise<Circumstances['server']> {
  const { rows } = await client.query<Circumstances['server']>(
    `select current_setting('server_version') as postgres, extversion as pgvector from pg_extension where extname = 'vector'`,
  );
  return rows[0] ?? { postgres: '', pgvector: '' };
}

/**
 * Puts measures into the file by their names, each with the machine, the server and the scale that it was measured at: those of
 * other runs stay, and were measured at others.
 */
export async function saveResults(
  file: URL,
  measures: Measures,
  measuredAt: Omit<Circumstances, 'machine'>,
): Promise<void> {
  const known = await readFile(file, 'utf8').then(
    (text) => JSON.parse(text) as Record<string, object>,
    () => ({}),
  );
  // What earlier versions said of all measures together, true of the last run alone.
  const { machine: _machine, server: _server, scale: _scale, ...others } = known as Partial<Record<string, object>>;
  const circumstances: Circumstances = { machine: thisMachine(), ...measuredAt };
  const stamped = Object.entries(measures).map(([name, one]) => [name, { ...one, ...circumstances }]);
  await writeFile(file, `${JSON.stringify({ ...others, ...Object.fromEntries(stamped) }, null, 2)}\n`);
}

export function printMeasures(measures: Measures): void {
  for (const [name, { value, unit, reach, holds, note }] of Object.entries(measures)) {
    const line = `${name.padEnd(20)} ${String(value).padStart(9)} ${unit.padEnd(12)} ${reach.padStart(9)}  ${holds ? 'holds' : 'FALLS SHORT'}`;
    console.log(note ? `${line}   ${note}` : line);
  }
}
