import { databaseUrl, flag, secretText, wholeNumber } from './value-types.ts';
import { optional, optionalSecret, withDefault } from './variable.ts';

/** Variables of the connections to PostgreSQL. */
export const database = {
  DATABASE_URL: optionalSecret(
    databaseUrl,
    'Connection of the gateway, as the login role tessera_gateway. Unset: embedded development mode, with a PostgreSQL inside the process that only this machine can reach.',
  ),
  WORKER_DATABASE_URL: optionalSecret(
    databaseUrl,
    'Connection of the worker, as the login role tessera_worker_login. Unset: the same as DATABASE_URL.',
  ),
  MIGRATE_DATABASE_URL: optionalSecret(
    databaseUrl,
    'Connection of the owner of the schema, needed by "tessera migrate" and "tessera tiers". A worker that has it keeps the indexes of large tenants.',
  ),
  GATEWAY_PASSWORD: optionalSecret(
    secretText(1),
    'Password that "tessera migrate" gives the login role tessera_gateway. Unset: its password is left alone.',
  ),
  WORKER_PASSWORD: optionalSecret(
    secretText(1),
    'Password that "tessera migrate" gives the login role tessera_worker_login. Unset: its password is left alone.',
  ),
  DATABASE_POOL_SIZE: withDefault(
    wholeNumber(1, 1000),
    '10',
    'Connections that one process opens at most. The embedded database has exactly one.',
  ),
  DATABASE_POOL_SHARE: optional(
    wholeNumber(1, 1000),
    'Connections that one tenant may hold while another is about, of reads and of writes each; alone it may hold them all. Unset: a tenth of DATABASE_POOL_SIZE, at least 1.',
  ),
  DATABASE_QUEUE_SHARE: withDefault(
    wholeNumber(1, 100),
    '20',
    'Percent of the time in which a tenant that has 32 or more requests waiting for a connection may use one, while another tenant asks for things one after the other and has none waiting; with fewer waiting it may use more. 100: all of it. Raise it, and DATABASE_POOL_SHARE, where the database has processors to spare. See docs/quotas.md.',
  ),
  DATABASE_PREPARE: withDefault(
    flag,
    'true',
    'Whether connections keep searches parsed, which saves PostgreSQL a fifth of the work of a small one. Set it to false behind a pooler that gives each transaction another connection and does not carry prepared statements over, such as PgBouncer with max_prepared_statements = 0.',
  ),
  LISTEN_DATABASE_URL: optionalSecret(
    databaseUrl,
    'Connection of the gateway that goes past a pooler, on which revocations are heard at once, as the login of DATABASE_URL. Unset: the same as DATABASE_URL; through a pooler that does not pass them on, they are asked for every 2 seconds.',
  ),
  STATEMENT_TIMEOUT_MS: withDefault(
    wholeNumber(1, 600_000),
    '10000',
    'Milliseconds after which PostgreSQL cancels a statement of a request.',
  ),
} as const;
