import { Refusal } from '../errors.ts';

/** `Bearer` in any case, spaces, and a token in the characters that RFC 6750, section 2.1 allows. */
const bearerPattern = /^Bearer +([A-Za-z0-9\-._~+/]+=*) *$/i;

const remedy = 'Send "Authorization: Bearer <token>".';

/**
 * Takes the token out of an `Authorization` header.
 * @throws {Refusal} `UNAUTHENTICATED` when the header is missing, repeated, of another scheme or malformed.
 */
export function readBearerToken(authorization: string | null): string {
  if (authorization === null || authorization.trim() === '') {
    throw new Refusal('UNAUTHENTICATED', `The request has no Authorization header. ${remedy}`);
  }
  const token = bearerPattern.exec(authorization)?.[1];
  if (token !== undefined) return token;
  throw new Refusal('UNAUTHENTICATED', `The Authorization header does not hold one bearer token. ${remedy}`);
}
