import { readingRoles, type ScopeRole } from '../../src/db/scope.ts';
import type { Superuser } from '../support/database.ts';

/** What the grants let a role do with a table of tenants' rows. */
export interface TableGrants {
  readonly table: string;
  /** The column that names the tenant. */
  readonly key: string;
  readonly role: ScopeRole;
  /** Rows may be hidden by access lists. */
  readonly isListed: boolean;
  readonly selects: boolean;
  readonly deletes: boolean;
  readonly insertColumns: readonly Column[];
  readonly updateColumns: readonly Column[];
}

interface Column {
  readonly name: string;
  readonly type: string;
  readonly isReadable: boolean;
}

/** Roles of the worker's login; the others are of the gateway's. */
export const ofWorker: readonly ScopeRole[] = ['tessera_worker', 'tessera_exporter'];
/** Roles of a tenant's scope. */
export const scopedRoles: readonly ScopeRole[] = [
  ...readingRoles,
  'tessera_tenant',
  'tessera_admin',
  'tessera_sampler',
  ...ofWorker,
];

/** Every table with rows of tenants and every role that may do anything with it, as the catalog has them. */
export async function readTenantTables(superuser: Superuser): Promise<TableGrants[]> {
  const { rows } = await superuser.query<{
    table: string;
    role: ScopeRole;
    name: string;
    type: string;
    selects: boolean;
    inserts: boolean;
    updates: boolean;
    deletes: boolean;
  }>(
    `select c.relname as table, role, a.attname as name, format_type(a.atttypid, a.atttypmod) as type,
       has_column_privilege(role, c.oid, a.attnum, 'select') as selects,
       has_column_privilege(role, c.oid, a.attnum, 'insert') and a.attgenerated = '' and a.attidentity <> 'a' as inserts,
       has_column_privilege(role, c.oid, a.attnum, 'update') as updates,
       has_table_privilege(role, c.oid, 'delete') as deletes
     from pg_class c
     join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
     cross join unnest($1::text[]) role
     where c.relnamespace = 'tessera'::regnamespace and c.relkind in ('r', 'p')
       and (c.relname = 'tenants' or exists (select from pg_attribute t where t.attrelid = c.oid and t.attname = 'tenant_id'))
     order by c.relname, role, a.attnum`,
    [scopedRoles],
  );
  const tables = Map.groupBy(rows, ({ table, role }) => `${table} ${role}`);
  return [...tables.values()].flatMap((columns) => {
    const [{ table, role, deletes }] = columns as [(typeof rows)[number]];
    const toColumn = ({ name, type, selects }: (typeof rows)[number]): Column => ({ name, type, isReadable: selects });
    const key = table === 'tenants' ? 'id' : 'tenant_id';
    const isListed = table === 'audiences' || columns.some(({ name }) => name === 'audience');
    const grants = {
      isListed,
      table,
      key,
      role,
      deletes,
      selects: columns.some(({ name, selects }) => name === key && selects),
      insertColumns: columns.filter(({ inserts }) => inserts).map(toColumn),
      updateColumns: columns.filter(({ updates }) => updates).map(toColumn),
    };
    const isUsed = grants.selects || deletes || grants.insertColumns.length > 0 || grants.updateColumns.length > 0;
    return isUsed ? [grants] : [];
  });
}
