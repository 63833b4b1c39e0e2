import { Refusal } from './errors.ts';

/** Why a tenant cannot be looked at. */
export type ShutCode = 'TENANT_SUSPENDED' | 'TENANT_DELETED';

/** Whether an error says that a tenant is suspended, or is being deleted or was: whoever looks at many passes it by. */
export function isShut(error: unknown): error is Refusal & { readonly code: ShutCode } {
  return error instanceof Refusal && (error.code === 'TENANT_SUSPENDED' || error.code === 'TENANT_DELETED');
}
