import { describe, expect, test } from 'vitest';
import {
  adminScope,
  authorScope,
  itemScope,
  listScope,
  operatorScope,
  operatorScopeOf,
  revokerScope,
  type ScopeSettings,
  scopeStatement,
  tenantScope,
  workerScope,
  writerScope,
} from '../../../src/db/scope.ts';
import { parseTenantId, type TenantId } from '../../../src/ids.ts';

const defaults = { vectorSchema: 'public', statementTimeoutMs: 15_000 };
const alpha = {
  tenantId: parseTenantId('alpha'),
  subject: 'ann',
  groups: ['staff', 'night'],
  scopes: ['search', 'documents:read'],
};

const lines = (statement: string) => statement.split('; ');

describe('the role of a scope', () => {
  const withScopes = (...scopes: string[]) => ({ ...alpha, scopes });

  test('of reads is what search and documents:read open, whatever else the principal may do', () => {
    for (const others of [[], ['tenant:admin', 'operator'], ['documents:write']]) {
      expect(tenantScope(withScopes('search', 'documents:read', ...others)).role).toBe('tessera_reader');
      expect(tenantScope(withScopes('search', ...others)).role).toBe('tessera_searcher');
      expect(tenantScope(withScopes('documents:read', ...others)).role).toBe('tessera_lister');
    }
    expect(tenantScope(withScopes('documents:write', 'operator')).role).toBe('tessera_author');
    for (const scopes of [[], ['tenant:admin', 'operator'], ['search ', 'documents:*']])
      expect(tenantScope(withScopes(...scopes)).role).toBe('tessera_caller');
  });

  test('of lists is that for documents:read, and for nothing else one that sees nothing', () => {
    expect(listScope(withScopes('search', 'documents:read')).role).toBe('tessera_reader');
    expect(listScope(withScopes('documents:read')).role).toBe('tessera_lister');
    expect(listScope(withScopes('search', 'documents:write', 'tenant:admin')).role).toBe('tessera_caller');
  });

  test('of a document or a job by its id is that of lists, and for a writer the author', () => {
    expect(itemScope(withScopes('search', 'documents:read')).role).toBe('tessera_reader');
    expect(itemScope(withScopes('documents:read', 'documents:write')).role).toBe('tessera_lister');
    expect(itemScope(withScopes('search', 'documents:write')).role).toBe('tessera_author');
    expect(itemScope(withScopes('search')).role).toBe('tessera_caller');
  });

  test('of what writers are told is the author, or the reader who may do all of it', () => {
    expect(authorScope(withScopes('search', 'documents:read', 'documents:write')).role).toBe('tessera_reader');
    expect(authorScope(withScopes('documents:read', 'documents:write')).role).toBe('tessera_author');
    expect(authorScope(withScopes('search', 'documents:read')).role).toBe('tessera_caller');
  });

  test('of writes is the writer for documents:write and for nothing else', () => {
    expect(writerScope(withScopes('search', 'documents:write')).role).toBe('tessera_tenant');
    for (const scopes of [[], ['search', 'documents:read', 'tenant:admin', 'operator'], ['documents:write ']])
      expect(writerScope(withScopes(...scopes)).role).toBe('tessera_caller');
  });

  test('of administration is the administrator for tenant:admin and for nothing else', () => {
    expect(adminScope(withScopes('tenant:admin')).role).toBe('tessera_admin');
    for (const scopes of [[], ['search', 'documents:read', 'documents:write', 'operator']])
      expect(adminScope(withScopes(...scopes)).role).toBe('tessera_caller');
  });

  test('of operations is the operator for operator and for nothing else, and has no tenant', () => {
    expect(operatorScopeOf(withScopes('operator'))).toMatchObject({ role: 'tessera_operator' });
    const another = operatorScopeOf(withScopes('search', 'documents:read', 'documents:write', 'tenant:admin'));
    expect(another).toMatchObject({ role: 'tessera_caller' });
    expect(another).not.toHaveProperty('tenantId');
  });
});

describe('scopeStatement', () => {
  test('of a tenant with settings is this', () => {
    const scope = tenantScope(alpha, { 'hnsw.ef_search': 100, 'hnsw.max_scan_tuples': 20_000 });
    expect(lines(scopeStatement(scope, defaults))).toEqual([
      'set local role tessera_reader',
      'set local search_path = tessera, "public", pg_temp',
      'set local statement_timeout = 15000',
      'set local plan_cache_mode = force_custom_plan',
      'set local random_page_cost = 1.1',
      'set local jit = off',
      'set local hnsw.iterative_scan = relaxed_order',
      `set local tessera.tenant_id = 'alpha'`,
      `set local tessera.subject = 'ann'`,
      `set local tessera.groups = '["staff","night"]'`,
      'set local hnsw.ef_search = 100',
      'set local hnsw.max_scan_tuples = 20000',
      'select tessera.require_active_tenant()',
    ]);
  });

  test('of a worker and of the operator names their role and, where there is none, an empty tenant', () => {
    expect(lines(scopeStatement(workerScope(), defaults))).toEqual(
      expect.arrayContaining(['set local role tessera_worker', `set local tessera.tenant_id = ''`]),
    );
    expect(lines(scopeStatement(workerScope(alpha.tenantId), defaults))).toContain(
      `set local tessera.tenant_id = 'alpha'`,
    );
    expect(lines(scopeStatement(operatorScope, defaults))).toEqual(
      expect.arrayContaining([
        'set local role tessera_operator',
        `set local tessera.tenant_id = ''`,
        `set local tessera.subject = ''`,
        `set local tessera.groups = '[]'`,
      ]),
    );
  });

  test('that takes credentials back says so, for the administrator’s role and for no other scope', () => {
    const line = 'set local tessera.revokes = on';
    const administrator = revokerScope({ ...alpha, scopes: ['tenant:admin'] });
    expect(lines(scopeStatement(administrator, defaults))).toEqual(
      expect.arrayContaining(['set local role tessera_admin', line]),
    );
    expect(lines(scopeStatement(revokerScope(alpha), defaults))).toContain('set local role tessera_caller');
    for (const scope of [adminScope(alpha), tenantScope(alpha), writerScope(alpha), workerScope()])
      expect(lines(scopeStatement(scope, defaults))).not.toContain(line);
  });

  test('sets every value anew, so that nothing of a scope before it is needed or kept', () => {
    const names = (statement: string) => lines(statement).map((line) => /^set local ([a-z._]+)/.exec(line)?.[1]);
    expect(names(scopeStatement(workerScope(), defaults))).toEqual(names(scopeStatement(tenantScope(alpha), defaults)));
  });

  test('escapes quotes and backslashes of the subject, the groups and the schema', () => {
    const scope = tenantScope({ ...alpha, subject: `o'neill\\`, groups: [`a'b`, 'c\\d"e'] });
    const statement = scopeStatement(scope, { ...defaults, vectorSchema: 'my "own" schema' });
    expect(lines(statement)).toEqual(
      expect.arrayContaining([
        `set local tessera.subject = E'o''neill\\\\'`,
        `set local tessera.groups = E'["a''b","c\\\\\\\\d\\\\"e"]'`,
        'set local search_path = tessera, "my ""own"" schema", pg_temp',
      ]),
    );
  });

  test.each(['', ' ', 'a b', `a'b`, 'ä', 'a\n', 'x'.repeat(65)])('refuses the tenant id %j, which is none', (id) => {
    expect(() => scopeStatement({ role: 'tessera_tenant', tenantId: id as TenantId }, defaults)).toThrow(
      'The scope was given a tenant id that is not one.',
    );
  });

  test.each([1, null, {}, ['alpha']])('refuses a tenant id that is no text: %j', (id) => {
    expect(() => scopeStatement({ role: 'tessera_tenant', tenantId: id as TenantId }, defaults)).toThrow(TypeError);
  });

  test('refuses a NUL character in the subject', () => {
    expect(() => scopeStatement(tenantScope({ ...alpha, subject: 'a\0' }), defaults)).toThrow(/NUL/);
  });

  test.each([Number.NaN, -1, 1.5, Number.POSITIVE_INFINITY, '100; reset role'])(
    'refuses the setting %s, which is no whole number',
    (value) => {
      const settings = { 'hnsw.ef_search': value } as ScopeSettings;
      expect(() => scopeStatement(tenantScope(alpha, settings), defaults)).toThrow(/not a whole number/);
      expect(() => scopeStatement(operatorScope, { ...defaults, statementTimeoutMs: value as number })).toThrow(
        TypeError,
      );
    },
  );
});
