import type { TenantModel } from '../../models/tenant-model.ts';
import { formatCount } from '../format.ts';

const tenantWidth = 24;
const modelWidth = 26;

/** Bytes of the vectors of a model as they are stored, full and coarse, without indexes and dead rows. */
export function vectorBytes({ counts, dimensions }: Pick<TenantModel, 'counts' | 'dimensions'>): number {
  return counts.vectors * (4 * dimensions + 2 * 256);
}

/** Such as `24.6 MB`. */
export function formatMb(bytes: number): string {
  return `${formatCount(Number((bytes / 1e6).toFixed(1)))} MB`;
}

interface Freed {
  readonly models: number;
  /** Of graphs that were dropped, measured. */
  readonly graphBytes: number;
  /** That the models had. */
  readonly vectors: number;
  /** Reckoned from their number. */
  readonly vectorBytes: number;
}

/** What retiring models gave back: what is free now, and what will be. */
export function formatFreed({ models, graphBytes, vectors, vectorBytes: bytes }: Freed): string[] {
  return [
    `${formatCount(models)} retired.`,
    ...(graphBytes > 0 ? [`Graphs: ${formatMb(graphBytes)}, measured, free on the disk now.`] : []),
    `Vectors: ${formatCount(vectors)}, an estimated ${formatMb(bytes)} without rows' heads and other indexes. Autovacuum gives their room to later vectors; the files do not become smaller.`,
  ];
}

/** The models of tenants, for a terminal. */
export function formatModels(models: readonly TenantModel[]): string[] {
  if (models.length === 0) return ['There are no tenants with documents yet.'];
  const title = `${'tenant'.padEnd(tenantWidth)}${'model'.padEnd(modelWidth)}${'role'.padEnd(11)}`;
  return [
    `${title}${'vectors'.padStart(9)}${'waiting'.padStart(9)}${'dead'.padStart(7)}${'lacking'.padStart(9)}${'MB'.padStart(8)}`,
    ...models.map(modelLine),
  ];
}

function modelLine(model: TenantModel): string {
  const { counts, role, filledAt, emptiedAt, replaces } = model;
  const cells = [counts.vectors, counts.waiting, counts.dead, counts.missing].map(formatCount);
  const [vectors = '', waiting = '', dead = '', missing = ''] = cells;
  const line = `${fitTo(model.tenantId, tenantWidth)}${fitTo(model.name, modelWidth)}${role.padEnd(11)}${vectors.padStart(9)}`;
  const sizeMb = (vectorBytes(model) / 1e6).toFixed(1);
  const isFilling = role !== 'retired' && replaces !== null && filledAt === null;
  const note = isFilling ? '  is being filled' : role === 'retired' && emptiedAt === null ? '  is being erased' : '';
  return `${line}${waiting.padStart(9)}${dead.padStart(7)}${missing.padStart(9)}${sizeMb.padStart(8)}${note}`;
}

function fitTo(text: string, width: number): string {
  return (text.length < width ? text : `${text.slice(0, width - 2)}…`).padEnd(width);
}
