import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Vectors that an embedding model made of real texts, by the tenant whose texts they are. */
export interface RealVectors {
  readonly model: string;
  readonly dimensions: number;
  readonly tenants: ReadonlyMap<string, readonly Float32Array[]>;
}

interface Description {
  readonly count: number;
  readonly dim: number;
  readonly model: string;
  readonly sources: readonly { readonly tenant: string; readonly count: number }[];
}

/**
 * Reads `NAME.json` and `NAME.f32` (32-bit floats, little-endian, row by row, unit length; the tenants' rows follow one
 * another in the order of the description).
 * @throws when the files are not there or not as long as they say.
 */
export function readRealVectors(folder: string, name: string): RealVectors {
  const { count, dim, model, sources } = JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as Description;
  const bytes = readFileSync(join(folder, `${name}.f32`));
  const described = sources.reduce((sum, source) => sum + source.count, 0);
  if (bytes.length !== count * dim * 4 || described !== count) {
    throw new Error(`${name}.f32 has ${bytes.length} bytes, and ${count} vectors of ${dim} components were described.`);
  }
  const floats = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  const tenants = new Map<string, Float32Array[]>();
  let row = 0;
  for (const { tenant, count: rows } of sources) {
    const own = Array.from({ length: rows }, (_, index) => floats.slice((row + index) * dim, (row + index + 1) * dim));
    tenants.set(tenant, own);
    row += rows;
  }
  return { model, dimensions: dim, tenants };
}
