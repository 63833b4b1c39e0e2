import { ExpectedError, type ExpectedErrorCode } from '../errors.ts';
import type { TenantId } from '../ids.ts';

type TenantErrorCode = Extract<ExpectedErrorCode, `TENANT_${string}`>;

/** A change of a tenant that its state does not allow; it is what it was. */
export class TenantStateError extends ExpectedError {
  override readonly name = 'TenantStateError';
  override readonly code: TenantErrorCode;

  constructor(code: TenantErrorCode, tenantId: TenantId) {
    super(messages[code](tenantId));
    this.code = code;
  }
}

const messages: Readonly<Record<TenantErrorCode, (tenantId: TenantId) => string>> = {
  TENANT_EXISTS: (id) => `There is a tenant ${id} already; an id that is free is allowed.`,
  TENANT_NOT_FOUND: (id) => `There is no tenant ${id}; "tenants" lists those that there are.`,
  TENANT_BEING_DELETED: (id) =>
    `The tenant ${id} is being deleted, which cannot be taken back. When its deletion is finished, the id can be used again.`,
};
