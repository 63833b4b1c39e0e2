import type { Principal } from '../auth/principal.ts';
import { parseTenantId } from '../ids.ts';

/** Whom the audit log names for what is done at the command line. */
export const operator: Principal = {
  tenantId: parseTenantId('operator'),
  subject: 'cli',
  groups: [],
  scopes: ['operator'],
};
