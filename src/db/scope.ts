import pg from 'pg';
import type { Principal } from '../auth/principal.ts';
import { type ApiKeyId, isTenantId, type TenantId } from '../ids.ts';

/**
 * The roles of reads, by the scopes that the principal has of `search` and `documents:read`: both; one without the other; and of
 * `documents:write` alone, or none of the three. Migration `roles_of_scopes` says what each may see.
 */
export const readingRoles = [
  'tessera_reader',
  'tessera_searcher',
  'tessera_lister',
  'tessera_author',
  'tessera_caller',
] as const;

type ReadingRole = (typeof readingRoles)[number];

export type ScopeRole =
  | ReadingRole
  | 'tessera_tenant'
  | 'tessera_admin'
  | 'tessera_gate'
  | 'tessera_worker'
  | 'tessera_operator'
  | 'tessera_exporter'
  | 'tessera_sampler';

/** Settings that a statement may ask for, by their PostgreSQL names. */
export interface ScopeSettings {
  /** Breadth of the HNSW search, at least the number of candidates. */
  readonly 'hnsw.ef_search'?: number;
  readonly 'hnsw.max_scan_tuples'?: number;
}

/** By what somebody acts: the request, and the credential that was shown with it. */
interface Actor {
  readonly requestId?: string;
  readonly keyId?: ApiKeyId;
  readonly tokenId?: string;
}

/** The transaction's role, tenant and settings. */
export interface Scope {
  readonly role: ScopeRole;
  /** Absent for work that belongs to no tenant: policies then match no tenant's row. */
  readonly tenantId?: TenantId;
  readonly subject?: string;
  readonly groups?: readonly string[];
  /** What the audit log tells of the subject besides; of scopes that write. */
  readonly actor?: Actor;
  /** Takes credentials back and writes nothing else: let through where the tenant is suspended. */
  readonly revokes?: boolean;
  readonly settings?: ScopeSettings;
}

/**
 * The scope of reads: a role that cannot write, and that sees what the principal's scopes open and no more, so that PostgreSQL
 * refuses (42501) what the schema should have refused.
 */
export function tenantScope(principal: Principal, settings?: ScopeSettings): Scope {
  return { ...scopeAs(readingRole(principal), principal), ...(settings && { settings }) };
}

/** The scope of lists of what a tenant has: for a principal without `documents:read` the role that sees nothing. */
export function listScope(principal: Principal): Scope {
  return principal.scopes.includes('documents:read') ? tenantScope(principal) : scopeAs('tessera_caller', principal);
}

/** The scope of a document or a job by its id: for whoever may list them, and for writers, who are told of their own writes. */
export function itemScope(principal: Principal): Scope {
  return principal.scopes.includes('documents:read') ? tenantScope(principal) : authorScope(principal);
}

/** The scope of what writers alone are told: for a principal without `documents:write` the role that sees nothing. */
export function authorScope(principal: Principal): Scope {
  if (!principal.scopes.includes('documents:write')) return scopeAs('tessera_caller', principal);
  const role = readingRole(principal);
  // The reader reads that, too, in the flight of whatever else it is asked.
  return scopeAs(role === 'tessera_reader' ? role : 'tessera_author', principal);
}

/** The scope of writes: for a principal without the scope `documents:write` the role that sees nothing and cannot write. */
export function writerScope(principal: Principal): Scope {
  return actingAs(principal.scopes.includes('documents:write') ? 'tessera_tenant' : 'tessera_caller', principal);
}

/** The scope of a tenant's administration: for a principal without the scope `tenant:admin` again the role that sees nothing. */
export function adminScope(principal: Principal): Scope {
  return actingAs(principal.scopes.includes('tenant:admin') ? 'tessera_admin' : 'tessera_caller', principal);
}

/**
 * The scope in which a tenant's administration finds and takes back credentials, as it may while the tenant is suspended: a
 * tenant that is suspended because one leaked need not be resumed for that. Other writes are refused (42501) in it.
 */
export function revokerScope(principal: Principal): Scope {
  return { ...adminScope(principal), revokes: true };
}

/**
 * The scope of an operator's request, which is no tenant's: for a principal without the scope `operator` again the role that
 * sees nothing.
 */
export function operatorScopeOf(principal: Principal): Scope {
  const role = principal.scopes.includes('operator') ? 'tessera_operator' : 'tessera_caller';
  const { tenantId: _, ...scope } = actingAs(role, principal);
  return scope;
}

function readingRole({ scopes }: Principal): ReadingRole {
  const [searches, reads] = [scopes.includes('search'), scopes.includes('documents:read')];
  if (searches) return reads ? 'tessera_reader' : 'tessera_searcher';
  if (reads) return 'tessera_lister';
  return scopes.includes('documents:write') ? 'tessera_author' : 'tessera_caller';
}

function scopeAs(role: ScopeRole, { tenantId, subject, groups }: Principal): Scope {
  return { role, tenantId, subject, groups };
}

function actingAs(role: ScopeRole, principal: Principal): Scope {
  const { requestId, keyId, tokenId } = principal;
  const actor = {
    ...(requestId !== undefined && { requestId }),
    ...(keyId !== undefined && { keyId }),
    ...(tokenId !== undefined && { tokenId }),
  };
  return { ...scopeAs(role, principal), actor };
}

export function workerScope(tenantId?: TenantId): Scope {
  return { role: 'tessera_worker', ...(tenantId && { tenantId }) };
}

export const operatorScope: Scope = { role: 'tessera_operator' };

/** The scope in which a tenant is read whole, suspended or not, whoever in it may see what. The worker's login has it. */
export function exporterScope(tenantId: TenantId): Scope {
  return { role: 'tessera_exporter', tenantId };
}

/** The scope in which queries of a tenant are kept and read again; nothing else of the tenant is seen in it. */
export function samplerScope(tenantId: TenantId): Scope {
  return { role: 'tessera_sampler', tenantId };
}

/** The scope in which a gateway finds out who calls, before a tenant is known. */
export const gateScope: Scope = { role: 'tessera_gate' };

/** The scope in which a gateway takes what a tenant's limits leave. */
export function meterScope(tenantId: TenantId): Scope {
  return { ...gateScope, tenantId };
}

/** What every scope of a database has in common. */
export interface ScopeDefaults {
  /** Schema that holds the pgvector extension. */
  readonly vectorSchema: string;
  readonly statementTimeoutMs: number;
}

/**
 * The statements that open a scope, to be sent right behind `begin`.
 *
 * A list of `set local` with escaped literals and not `set_config()` calls: Citus forwards only `set local` to its
 * workers. Generic plans hide the tenant from the planner, so custom plans are forced. Its default cost of a random page is
 * a spinning disk's, and makes it prefer scanning a whole table to the covering index of a tenant that fills half of it.
 * Compiling a statement takes longer than these run. Stage two sorts again, so the HNSW scan may go on in relaxed order.
 * The last one is refused where the tenant is deleted, or suspended and the scope none that takes credentials back, and
 * everything behind it with it.
 * @throws {TypeError} for a tenant id that is none, or for a value that PostgreSQL text cannot hold. Both are refused
 *   when a token is read; this is the last line.
 */
export function scopeStatement(scope: Scope, defaults: ScopeDefaults): string {
  const lines = [
    `set local role ${scope.role}`,
    `set local search_path = tessera, ${pg.escapeIdentifier(defaults.vectorSchema)}, pg_temp`,
    `set local statement_timeout = ${integer(defaults.statementTimeoutMs)}`,
    'set local plan_cache_mode = force_custom_plan',
    'set local random_page_cost = 1.1',
    'set local jit = off',
    'set local hnsw.iterative_scan = relaxed_order',
    `set local tessera.tenant_id = ${tenantLiteral(scope.tenantId)}`,
    `set local tessera.subject = ${literal(scope.subject ?? '')}`,
    `set local tessera.groups = ${literal(JSON.stringify(scope.groups ?? []))}`,
  ];
  if (scope.actor) lines.push(...actorLines(scope.actor));
  if (scope.revokes) lines.push('set local tessera.revokes = on');
  if (scope.settings) lines.push(settingsStatement(scope.settings));
  lines.push('select tessera.require_active_tenant()');
  return lines.join('; ');
}

function actorLines({ requestId, keyId, tokenId }: Actor): string[] {
  return [
    `set local tessera.request_id = ${literal(requestId ?? '')}`,
    `set local tessera.key_id = ${literal(keyId ?? '')}`,
    `set local tessera.token_id = ${literal(tokenId ?? '')}`,
  ];
}

/** Statements for what one search wants besides its scope. Empty for no settings. */
export function settingsStatement(settings: ScopeSettings): string {
  return Object.entries(settings)
    .map(([name, value]) => `set local ${name} = ${integer(value)}`)
    .join('; ');
}

function tenantLiteral(tenantId: TenantId | undefined): string {
  if (tenantId === undefined) return "''";
  if (!isTenantId(tenantId)) throw new TypeError('The scope was given a tenant id that is not one.');
  return literal(tenantId);
}

function literal(value: string): string {
  if (value.includes('\0')) throw new TypeError('A scope value holds a NUL character, which PostgreSQL text cannot.');
  return pg.escapeLiteral(value).trimStart();
}

function integer(value: number): string {
  if (!Number.isSafeInteger(value) || value < 0)
    throw new TypeError(`A scope setting is ${value}, not a whole number.`);
  return String(value);
}
