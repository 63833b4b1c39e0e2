import { isUsableText } from '../auth/claims.ts';
import type { Principal } from '../auth/principal.ts';
import { tokenScopes } from '../auth/scopes.ts';
import { Refusal } from '../errors.ts';

/** A key as an administrator asks for it. */
export interface KeyInput {
  /** For people, 1 to 200 characters. */
  readonly name: string;
  /** None that the one who asks does not hold. */
  readonly scopes: readonly string[];
  /** Whom a caller with the key is taken for; the key's own name for itself, `key:` and its prefix, without it. */
  readonly subject?: string;
  readonly groups?: readonly string[];
  /** Absent: it holds until it is revoked. */
  readonly expiresAt?: Date;
}

const maxNameLength = 200;
const maxGroups = 256;
/** A key belongs to a tenant, and the operator to none. */
const keyScopes = tokenScopes.filter((scope) => scope !== 'operator');

/**
 * Checks a key before it is made.
 * @throws {Refusal} `BAD_USER_INPUT`; `FORBIDDEN` for a scope that whoever asks does not hold.
 */
export function checkKeyInput(principal: Principal, input: KeyInput, nowMs: number): void {
  const { name, scopes, subject, groups = [], expiresAt } = input;
  if (!isUsableText(name) || name.length > maxNameLength || name.trim() === '') {
    throw refuse(
      `The key's name has ${name.length} characters; 1 to ${maxNameLength}, not all of them spaces, are allowed.`,
    );
  }
  const unknown = scopes.find((scope) => !keyScopes.includes(scope as (typeof keyScopes)[number]));
  if (scopes.length === 0 || unknown !== undefined) {
    const received = unknown === undefined ? 'none' : JSON.stringify(unknown.slice(0, 80));
    throw refuse(
      `The key's scopes are not usable: received ${received}; allowed are ${keyScopes.join(', ')}, at least one.`,
    );
  }
  const more = scopes.find((scope) => !principal.scopes.includes(scope));
  if (more !== undefined) {
    throw new Refusal('FORBIDDEN', `The key would have the scope "${more}", which you do not have yourself.`);
  }
  if (subject !== undefined && !isUsableText(subject))
    throw refuse("The key's subject is not usable: 1 to 256 characters are allowed.");
  if (groups.length > maxGroups || !groups.every(isUsableText))
    throw refuse(`The key's groups are not usable: at most ${maxGroups} of 1 to 256 characters are allowed.`);
  if (expiresAt !== undefined && !(expiresAt.getTime() > nowMs))
    throw refuse("The key's expiry is not in the future; leave it out for a key that holds until it is revoked.");
}

function refuse(message: string): Refusal {
  return new Refusal('BAD_USER_INPUT', message);
}
