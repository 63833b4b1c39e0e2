import { Refusal } from '../errors.ts';
import { isTenantId, type TenantId } from '../ids.ts';
import type { Principal } from './principal.ts';

/** Names of the claims that make a principal. Each is a literal key (`tenant`, `https://example.com/tenant`) or a path (`org.id`). */
export interface ClaimNames {
  readonly tenant: string;
  readonly subject: string;
  readonly groups: string;
  readonly scopes: string;
}

/** Default claim names: `sub` of RFC 7519, `scope` of RFC 8693; the other two by custom. */
export const defaultClaimNames: ClaimNames = { tenant: 'tenant', subject: 'sub', groups: 'groups', scopes: 'scope' };

type Claims = Readonly<Record<string, unknown>>;

const maxCharacters = 256;
const maxEntries = 256;

/**
 * Makes the principal of a verified token. Absent groups and absent scopes give none: what a token does not say, it may not do.
 * @throws {Refusal} `UNAUTHENTICATED` naming the claim that is missing or malformed.
 */
export function readPrincipal(claims: Claims, names: ClaimNames): Principal {
  const tokenId = readTokenId(claims);
  return Object.freeze({
    tenantId: readTenantId(readClaim(claims, names.tenant), names.tenant),
    subject: readSubject(readClaim(claims, names.subject), names.subject),
    groups: readTexts(readClaim(claims, names.groups), names.groups, (text) => [text]),
    // RFC 8693, section 4.2: scopes are separated by spaces. Others send a list.
    scopes: readTexts(readClaim(claims, names.scopes), names.scopes, (text) => text.split(' ').filter(Boolean)),
    ...(tokenId !== undefined && { tokenId }),
  });
}

/** The value of a claim, or `undefined`. A key that stands in the token as named wins over a path; inherited properties never count. */
export function readClaim(claims: Claims, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name];
  let value: unknown = claims;
  for (const key of claimPath(name)) {
    if (!isObject(value) || !Object.hasOwn(value, key)) return undefined;
    value = value[key];
  }
  return value;
}

/** The keys that lead to a claim. A name with a slash is a URL and therefore one key, whatever dots it has. */
export function claimPath(name: string): readonly string[] {
  return name.includes('/') ? [name] : name.split('.');
}

function readTenantId(value: unknown, name: string): TenantId {
  if (isTenantId(value)) return value;
  const allowed = 'it must be a string of 1 to 64 letters, digits, "_" and "-"';
  throw unauthenticated(`The token's claim ${quote(name)} does not name a tenant: ${allowed}, and ${describe(value)}.`);
}

function readSubject(value: unknown, name: string): string {
  if (isUsableText(value)) return value;
  const allowed = `it must be a string of 1 to ${maxCharacters} characters`;
  throw unauthenticated(`The token's claim ${quote(name)} does not name a user: ${allowed}, and ${describe(value)}.`);
}

/** RFC 7519, section 4.1.7. A token whose id is not usable could not be revoked by it. */
function readTokenId({ jti }: Claims): string | undefined {
  if (jti === undefined || isUsableText(jti)) return jti;
  const allowed = `it must be a string of 1 to ${maxCharacters} characters`;
  throw unauthenticated(`The token's claim "jti" does not name the token: ${allowed}, and ${describe(jti)}.`);
}

function readTexts(value: unknown, name: string, split: (text: string) => string[]): readonly string[] {
  if (value === undefined || value === null) return Object.freeze([]);
  const texts: unknown = typeof value === 'string' ? split(value) : value;
  if (Array.isArray(texts) && texts.length <= maxEntries && texts.every(isUsableText)) {
    return Object.freeze([...new Set(texts)]);
  }
  const allowed = `it must be a list of at most ${maxEntries} strings of 1 to ${maxCharacters} characters`;
  const received = Array.isArray(texts) && texts.length <= maxEntries ? 'an entry does not fit' : describe(texts);
  throw unauthenticated(`The token's claim ${quote(name)} is not usable: ${allowed}, and ${received}.`);
}

/**
 * True for a text of 1 to 256 characters that can name somebody. PostgreSQL text holds no NUL, and UTF-8 no lone surrogate:
 * two names that differ in one would become equal.
 */
export function isUsableText(value: unknown): value is string {
  if (typeof value !== 'string' || value.length === 0 || value.length > maxCharacters) return false;
  return !value.includes('\0') && value.isWellFormed();
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What was received, by its kind only: the contents of a token are not repeated. */
function describe(value: unknown): string {
  if (value === undefined || value === null) return 'it is missing';
  if (typeof value === 'string') {
    return value === '' ? 'it is empty' : `it is a string of ${value.length} characters that does not fit`;
  }
  if (Array.isArray(value)) return `it is a list of ${value.length} ${value.length === 1 ? 'entry' : 'entries'}`;
  return typeof value === 'object' ? 'it is an object' : `it is a ${typeof value}`;
}

function quote(name: string): string {
  return JSON.stringify(name);
}

function unauthenticated(message: string): Refusal {
  return new Refusal('UNAUTHENTICATED', message);
}
