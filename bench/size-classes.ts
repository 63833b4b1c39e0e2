/** Tenants of about the same size. */
export interface SizeClass {
  /** What it is called in tables: its chunks at the full scale of 500,000. */
  readonly name: SizeClassName;
  readonly tenants: readonly BenchTenant[];
}

export type SizeClassName = '50' | '500' | '5k' | '50k' | '100k' | '200k';

export interface BenchTenant {
  readonly id: string;
  readonly chunks: number;
}

/** Chunks of which the classes keep their names. */
const fullScale = 500_000;

/**
 * The tenants of a table of so many chunks: one with 40 % of them, one with 20 %, one with 10 %, and a tenth each in tenants
 * of 5,000, of 500 and of 50 chunks. At a smaller scale the three large tenants shrink and the small ones get fewer.
 */
export function sizeClasses(chunks: number): SizeClass[] {
  const scale = chunks / fullScale;
  const oneOf = (name: SizeClassName, size: number): SizeClass => ({
    name,
    tenants: [{ id: `bench-${name}`, chunks: Math.round(size * scale) }],
  });
  const manyOf = (name: SizeClassName, size: number, count: number): SizeClass => ({
    name,
    tenants: Array.from({ length: Math.max(1, Math.round(count * scale)) }, (_, index) => ({
      id: `bench-${name}-${index}`,
      chunks: size,
    })),
  });
  return [
    manyOf('50', 50, 1_000),
    manyOf('500', 500, 100),
    manyOf('5k', 5_000, 10),
    oneOf('50k', 50_000),
    oneOf('100k', 100_000),
    oneOf('200k', 200_000),
  ];
}

/**
 * The same table when it was a tenth as large around the first tenant of 5,000 chunks, which is what it is today.
 */
export function tenthAround(classes: readonly SizeClass[]): SizeClass[] {
  const [watched] = classes.find(({ name }) => name === '5k')?.tenants ?? [];
  return classes.map(({ name, tenants }) => ({
    name,
    tenants:
      tenants.length === 1 && tenants[0] !== watched
        ? tenants.map(({ id, chunks }) => ({ id, chunks: Math.round(chunks / 10) }))
        : tenants.filter((tenant, index) => tenant === watched || index < Math.ceil(tenants.length / 10)),
  }));
}
