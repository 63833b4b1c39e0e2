import { readFile } from 'node:fs/promises';
import type { ClientBase } from 'pg';
import type { LoginFault } from './login-faults.ts';

/** A row-level security policy of a table of the schema. */
interface Policy {
  /** Both are quoted where SQL wants them quoted. */
  readonly table: string;
  readonly name: string;
  /** False for one that only narrows what the others let through. */
  readonly permissive: boolean;
  /** The statement with which the owner makes it, in one line, with the words of `pg_get_expr`. */
  readonly statement: string;
}

/** Policies as the migrations make them: `src/db/policies.sql`, which a test writes and compares. */
interface KnownPolicies {
  /** Number of the last migration that made them. */
  readonly version: number;
  /** Statements by `name on tessera.table`. */
  readonly statements: ReadonlyMap<string, string>;
}

/**
 * What makes `pg_get_expr` print names with their schema and intervals in one way, whatever the login or the database sets. With
 * it PostgreSQL 15, 17 and 18 (PGlite) print these policies alike but for line breaks.
 */
const printingSettings =
  'set local search_path = pg_catalog; set local intervalstyle = postgres; set local quote_all_identifiers = off';

const policiesQuery = `
  select quote_ident(c.relname) as "table", quote_ident(p.polname) as name, p.polpermissive as permissive,
    format('create policy %I on tessera.%I%s for %s to %s', p.polname, c.relname,
      case when not p.polpermissive then ' as restrictive' end,
      case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end,
      (select string_agg(role.name, ', ' order by role.name collate "C")
        from (select case r when 0 then 'public' when c.relowner then 'current_user' else quote_ident(pg_get_userbyid(r)) end
          from unnest(p.polroles) r) role (name)))
    as head, pg_get_expr(p.polqual, p.polrelid) as using, pg_get_expr(p.polwithcheck, p.polrelid) as check
  from pg_policy p join pg_class c on c.oid = p.polrelid join pg_namespace n on n.oid = c.relnamespace
  where n.nspname = 'tessera'
  order by c.relname collate "C", p.polname collate "C"`;

interface PolicyRow extends Omit<Policy, 'statement'> {
  readonly head: string;
  readonly using: string | null;
  readonly check: string | null;
}

/** Every policy of the schema, by table and name. @param connection in a transaction, which is left with other settings. */
export async function readPolicies(connection: Pick<ClientBase, 'query'>): Promise<Policy[]> {
  await connection.query(printingSettings);
  const { rows } = await connection.query<PolicyRow>(policiesQuery);
  return rows.map(({ head, using, check, ...policy }) => {
    const clauses = [
      using !== null && `using ${inBrackets(using)}`,
      check !== null && `with check ${inBrackets(check)}`,
    ];
    return { ...policy, statement: [head, ...clauses.filter((clause) => clause !== false)].join(' ') };
  });
}

/** Operators come in brackets of their own; constants and function calls do not. */
function inBrackets(expression: string): string {
  const line = expression.replace(/\s*\n\s*/g, ' ');
  return line.startsWith('(') && line.endsWith(')') ? line : `(${line})`;
}

/**
 * Compares the policies of a database with those that this version's migrations make: role by role, verb by verb and expression
 * by expression. A policy besides them that only narrows (`as restrictive`) is an operator's business. On a database that a newer
 * version has migrated meanwhile nothing is compared: its policies are that version's to know. Takes some 10 ms.
 * @param connection in a transaction, which is left with other settings, in a role that may use the schema.
 */
export async function readPolicyFaults(connection: Pick<ClientBase, 'query'>): Promise<LoginFault[]> {
  known ??= readFile(new URL('./policies.sql', import.meta.url), 'utf8').then(parsePolicies);
  const { version, statements } = await known;
  // The version last: where a migration commits in between, it is the newer one that is seen.
  const policies = await readPolicies(connection);
  const { rows } = await connection.query<{ version: number }>(
    'select max(version)::int as version from tessera.schema_migrations',
  );
  return (rows[0]?.version ?? 0) > version ? [] : comparePolicies(statements, policies);
}

let known: Promise<KnownPolicies> | undefined;

function parsePolicies(text: string): KnownPolicies {
  const version = Number(/migrations 1 to (\d+)/.exec(text)?.[1]);
  const lines = [...text.matchAll(/^create policy (\S+ on \S+) .*(?=;$)/gm)];
  return { version, statements: new Map(lines.map(([statement, key = '']) => [key, statement])) };
}

function comparePolicies(statements: KnownPolicies['statements'], policies: readonly Policy[]): LoginFault[] {
  const faults: LoginFault[] = [];
  const missing = new Map(statements);
  for (const { table, name, permissive, statement } of policies) {
    const key = `${name} on tessera.${table}`;
    const made = statements.get(key);
    missing.delete(key);
    if (made === statement || (made === undefined && !permissive)) continue;
    const is = statement.slice(`create policy ${key} `.length);
    const drop = `drop policy ${key}`;
    if (made === undefined) {
      const fault = `${table}: policy ${name} is none of Tessera's and lets more through (${is})`;
      faults.push({ fault, fix: `Run "${drop}" as the owner of the schema, or make it again "as restrictive".` });
    } else {
      const fault = `${table}: policy ${name} is not as the migrations made it (${is})`;
      faults.push({ fault, fix: `Run "${drop}; ${made}" as the owner of the schema.` });
    }
  }
  for (const [key, statement] of missing) {
    const [name, table] = key.split(' on tessera.');
    const fault = `${table}: policy ${name} is gone`;
    faults.push({ fault, fix: `Run "${statement}" as the owner of the schema.` });
  }
  return faults;
}
