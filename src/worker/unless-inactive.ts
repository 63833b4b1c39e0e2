import { isShut } from '../shut-tenant.ts';

/**
 * Does something for a tenant that may have been suspended or deleted in the meantime.
 * @returns what the work returns; `otherwise` when the tenant is not active any more, which is no fault.
 */
export async function unlessInactive<Result>(work: Promise<Result>, otherwise: Result): Promise<Result> {
  try {
    return await work;
  } catch (error) {
    if (isShut(error)) return otherwise;
    throw error;
  }
}
