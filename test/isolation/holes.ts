import type { Superuser } from '../support/database.ts';

/** A policy that keeps a tenant to its own, as it stands in the catalog. */
export interface TenantPolicy {
  readonly table: string;
  readonly policy: string;
  readonly verb: 'SELECT' | 'INSERT' | 'UPDATE' | 'DELETE';
  readonly roles: string;
  readonly using: string | null;
  readonly check: string | null;
}

/** Every policy that asks for the tenant of the scope. */
export async function readTenantPolicies(superuser: Superuser): Promise<TenantPolicy[]> {
  const { rows } = await superuser.query<TenantPolicy>(
    `select tablename as table, policyname as policy, cmd as verb,
       (select string_agg(quote_ident(role), ', ') from unnest(roles) role) as roles, qual as using, with_check as check
     from pg_policies where schemaname = 'tessera' and concat(qual, with_check) like '%current_tenant%' order by 1, 2`,
  );
  return rows;
}

export function dropPolicy({ table, policy }: TenantPolicy): string {
  return `drop policy ${policy} on ${table}`;
}

export function createPolicy({ table, policy, verb, roles, using, check }: TenantPolicy): string {
  return `create policy ${policy} on ${table} for ${verb} to ${roles} ${clauses(using, check)}`;
}

/** The same policy, which lets everything through. */
export function openPolicy({ table, policy, using, check }: TenantPolicy): string {
  return `alter policy ${policy} on ${table} ${clauses(using && 'true', check && 'true')}`;
}

/** The same policy with the tenant and without the access list; undefined where it has none. */
export function widenPolicy({ table, policy, using }: TenantPolicy): string | undefined {
  if (!using?.includes('permitted_audiences')) return undefined;
  const key = table === 'tenants' ? 'id' : 'tenant_id';
  return `alter policy ${policy} on ${table} using (${key} = tessera.current_tenant())`;
}

function clauses(using: string | null, check: string | null): string {
  return [using === null ? '' : `using (${using})`, check === null ? '' : `with check (${check})`].join(' ');
}
