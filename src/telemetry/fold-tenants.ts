/** The series of all tenants that have none of their own, and of a tenant that happens to be called so. */
export const otherTenants = 'other';

/**
 * Chooses the tenants that are told by name: those with the most, in the order of their ids where that is the same.
 * @param totals by tenant.
 * @param most tenants with a series of their own.
 * @returns the label of a tenant.
 */
export function foldTenants(totals: ReadonlyMap<string, number>, most: number): (tenant: string) => string {
  const largest = [...totals].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).slice(0, most);
  const named = new Set(largest.map(([tenant]) => tenant));
  return (tenant) => (named.has(tenant) ? tenant : otherTenants);
}
