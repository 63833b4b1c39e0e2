import { globalId } from '../support/look-alikes.ts';
import type { Draws } from './draws.ts';
import { noteAudit } from './model-audit.ts';
import { fieldOf, type Part, show } from './part.ts';
import { absentId } from './pick-id.ts';
import type { Caller, World } from './world.ts';

const fields =
  'tenantId apiKeyId requestsPerMinute costPointsPerMinute embeddingTokensPerDay documents chunks overrides';

/** What a tenant or a key is held to: an operator is told, whosever it is, and nobody else is. */
export function tenantLimitsPart(world: World, _caller: Caller, draws: Draws, text: string): Part {
  const tenant = draws.pick(world.tenants);
  const tenantId = draws.chance(0.85) ? tenant.id : draws.pick([text, `${tenant.id} `, `${tenant.id}'--`]);
  const keys = world.tenants.flatMap((one) => [...one.keys.keys()]);
  const keyId = draws.chance(0.6) ? undefined : keys.length > 0 ? draws.pick(keys) : absentId(draws);
  const apiKeyId = keyId === undefined ? null : globalId('ApiKey', keyId);
  const isUsable = /^[A-Za-z0-9_-]{1,64}$/.test(tenantId) && !tenantId.includes('\n');
  return {
    kind: 'tenantLimits',
    scopes: ['operator'],
    alone: true,
    field: `tenantLimits(tenantId: $tenantId, apiKeyId: $apiKeyId) { ${fields} }`,
    variables: { tenantId: ['String!', tenantId], apiKeyId: ['ID', apiKeyId] },
    check: ({ value, codes }, report) => {
      if (!isUsable && codes[0] !== 'BAD_USER_INPUT')
        report('other', `limits of ${show(tenantId)} got ${show(codes)} ${show(value)}`);
      if (!isUsable || !value) return 0;
      const known = world.tenants.find(({ id }) => id === tenantId);
      const limit = keyId === undefined ? known?.documentLimit : undefined;
      checkLimits(value, { tenantId, apiKeyId, limit }, report);
      return 1;
    },
  };
}

/** An operator limits a tenant, which neither its data nor any other's notice. */
export function setTenantLimitsPart(world: World, caller: Caller, draws: Draws): Part {
  const tenant = draws.pick(world.tenants);
  // Far above what there is: who is near to a limit has tests of its own.
  const limit = draws.chance(0.5) ? null : 1_000_000 + draws.below(1_000);
  return {
    kind: 'setTenantLimits',
    scopes: ['operator'],
    writes: true,
    field: `setTenantLimits(input: $input) { ${fields} }`,
    variables: { input: ['SetTenantLimitsInput!', { tenantId: tenant.id, documents: limit }] },
    check: ({ value }, report) => {
      tenant.registered = true;
      tenant.documentLimit = limit ?? undefined;
      noteAudit(caller, { action: 'setTenantLimits', targetKind: 'tenant', targetIds: [tenant.id] }, tenant);
      checkLimits(value, { tenantId: tenant.id, apiKeyId: null, limit: tenant.documentLimit }, report);
      return 1;
    },
  };
}

function checkLimits(
  value: unknown,
  {
    tenantId,
    apiKeyId,
    limit,
  }: { readonly tenantId: string; readonly apiKeyId: string | null; readonly limit?: number | undefined },
  report: Parameters<Part['check']>[1],
): void {
  const wanted = { tenantId, apiKeyId, documents: limit ?? null, overrides: limit === undefined ? [] : ['DOCUMENTS'] };
  const names = Object.keys(wanted);
  const got = Object.fromEntries(names.map((name) => [name, fieldOf(value, name)]));
  const others = ['requestsPerMinute', 'costPointsPerMinute', 'embeddingTokensPerDay', 'chunks'];
  if (show(got) !== show(wanted) || others.some((name) => fieldOf(value, name) !== null))
    report('other', `limits are ${show(value)}, not ${show(wanted)}`);
}
