import pg from 'pg';
import type { Secret } from '../config/secret.ts';
import { StartupError } from '../errors.ts';
import type { OwnerConnection } from './migrate.ts';

/** A login role that migrations create, and the password that it is to have. */
export interface LoginPassword {
  readonly role: 'tessera_gateway' | 'tessera_worker_login';
  readonly password: Secret;
}

/** Arbitrary: two that change a role at once would fail, so they take turns. */
const advisoryLock = 7_357_362;

/**
 * Gives logins their passwords, all of them or none.
 * @throws {StartupError} when the owner may not do that.
 */
export async function setLoginPasswords(owner: OwnerConnection, logins: readonly LoginPassword[]): Promise<void> {
  // One simple query is one transaction. The lock is held to its end.
  const changes = logins.map(
    ({ role, password }) => `alter role ${role} password ${pg.escapeLiteral(password.reveal())}`,
  );
  try {
    await owner.query([`select pg_advisory_xact_lock(${advisoryLock})`, ...changes].join('; '));
  } catch (cause) {
    throw new StartupError(
      `The logins cannot be given their passwords: ${(cause as Error).message}. Set them as a superuser and leave GATEWAY_PASSWORD and WORKER_PASSWORD unset.`,
      { cause },
    );
  }
}
