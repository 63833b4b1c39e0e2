import { Refusal, type RefusalCode } from '../errors.ts';

interface Translation {
  readonly code: RefusalCode;
  readonly message: string;
}

const unavailable: Translation = {
  code: 'DATABASE_UNAVAILABLE',
  message: 'The database cannot be reached right now; nothing was changed. Try again in a moment.',
};

/** What a SQLSTATE (or its class, its first two characters) means to a caller. The only such table. */
const translations: Record<string, Translation> = {
  '08': unavailable, // connection exception
  '57P01': unavailable, // admin shutdown
  '57P02': unavailable, // crash shutdown
  '57P03': unavailable, // cannot connect now
  '53': unavailable, // insufficient resources
  '57014': {
    code: 'STATEMENT_TIMEOUT',
    message: 'The database took longer than STATEMENT_TIMEOUT_MS allows; nothing was changed.',
  },
  // Raised by tessera.require_active_tenant().
  TS001: {
    code: 'TENANT_SUSPENDED',
    message:
      'The tenant is suspended: nothing of it is read or written until an operator resumes it. Its data are kept.',
  },
  TS002: {
    code: 'TENANT_DELETED',
    message: 'The tenant was deleted, or is being deleted. Only an operator can create it anew.',
  },
};

/** Faults of the socket and of the pool, which carry no SQLSTATE. */
const networkCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EHOSTUNREACH',
  'ENOENT',
  'EAI_AGAIN',
]);
const connectionMessages =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Cannot use a pool after)/;

/**
 * SQLSTATEs of a transaction that another one overtook: a serialization failure, a deadlock, a row that went away between
 * being read and being pointed at, and a key that was taken between being looked for and being written. Run again, it
 * sees what the other one left.
 */
const overtaken = new Set(['40001', '40P01', '23503', '23505']);

/** For work that finds out by itself that it was overtaken: thrown out of it, it has all of it run again. */
export function overtakenError(message: string): Error {
  return Object.assign(new Error(message), { severity: 'ERROR', code: '40001' });
}

/** True when the same transaction may well succeed at the next try. */
export function isOvertaken(error: unknown): boolean {
  const sqlstate = sqlstateOf(error);
  return sqlstate !== undefined && overtaken.has(sqlstate);
}

/** Turns what `pg` threw into a refusal where a caller can do something about it, and leaves anything else as it is. */
export function databaseError(error: unknown): unknown {
  const translation = translate(error);
  return translation ? new Refusal(translation.code, translation.message, { cause: error }) : error;
}

/**
 * The same for what a commit threw. A connection that is lost then leaves it open whether the commit was done: a server that
 * is killed between writing it and answering has done it.
 */
export function commitError(error: unknown): unknown {
  const translated = databaseError(error);
  if (!(translated instanceof Refusal) || translated.code !== unavailable.code) return error;
  return new Refusal(
    'OUTCOME_UNKNOWN',
    'The connection to the database was lost while the write was being committed, so it was done as a whole or not at all. Send it again under the same idempotency key, or read what is there.',
    { cause: error },
  );
}

/** The SQLSTATE of an error of the server's. Told by its shape: the embedded database's errors are of a class of their own. */
export function sqlstateOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('severity' in error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

function translate(error: unknown): Translation | undefined {
  const sqlstate = sqlstateOf(error);
  if (sqlstate) {
    // A protocol violation is a bug of ours, unless it is fatal: so PgBouncer says that it has no server to give.
    if (sqlstate === '08P01' && (error as { severity?: unknown }).severity !== 'FATAL') return undefined;
    return translations[sqlstate] ?? translations[sqlstate.slice(0, 2)];
  }
  if (error instanceof AggregateError) return error.errors.map(translate).find((found) => found !== undefined);
  if (!(error instanceof Error)) return undefined;
  const code = (error as NodeJS.ErrnoException).code;
  if (code !== undefined && networkCodes.has(code)) return unavailable;
  return connectionMessages.test(error.message) ? unavailable : undefined;
}
