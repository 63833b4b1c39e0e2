import { errors } from 'jose';
import type { Algorithm } from '../config/algorithms.ts';
import { Refusal } from '../errors.ts';

/** What a token must be, as far as a refusal has to say it. */
export interface TokenRequirements {
  readonly issuer: string;
  readonly audience: string;
  readonly algorithms: readonly Algorithm[];
  /** What the header must say of the token's type (`typ`), such as `at+jwt`; anything without it. */
  readonly type?: string | undefined;
  readonly clockToleranceSeconds: number;
}

/** Refuses a token with `UNAUTHENTICATED`. */
export function tokenRefusal(message: string, cause?: unknown): Refusal {
  return new Refusal('UNAUTHENTICATED', message, { cause });
}

/**
 * Says in a sentence why a token was not accepted. Claims are repeated only after the signature was found right, and the token never is.
 * @param error What `jose` threw. A {@link Refusal} is returned as it is.
 */
export function explainTokenError(error: unknown, required: TokenRequirements): Refusal {
  if (error instanceof Refusal) return error;
  if (error instanceof errors.JWTExpired) {
    return tokenRefusal(`The token expired at ${formatTime(error.payload.exp)}. Get a new one.`, error);
  }
  if (error instanceof errors.JWTClaimValidationFailed) return tokenRefusal(explainClaim(error, required), error);
  if (error instanceof errors.JOSEAlgNotAllowed) {
    const allowed = required.algorithms.join(', ');
    return tokenRefusal(`The token is signed with an algorithm that is not accepted; allowed: ${allowed}.`, error);
  }
  if (error instanceof errors.JOSENotSupported) {
    return tokenRefusal('The token demands an extension or algorithm that is not supported here.', error);
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) {
    return tokenRefusal("The token's signature does not match: it was changed, or signed with another key.", error);
  }
  if (error instanceof errors.JWKSNoMatchingKey) {
    return tokenRefusal('The token is signed with a key that is not among the keys of its issuer.', error);
  }
  if (error instanceof errors.JWKSMultipleMatchingKeys) {
    return tokenRefusal('The token does not say which key signed it ("kid"), and its issuer has several.', error);
  }
  if (error instanceof errors.JOSEError) {
    return tokenRefusal(
      'The token is not a well-formed signed JWT (header, claims and signature in base64url).',
      error,
    );
  }
  return tokenRefusal('The token could not be checked with the key of its issuer.', error);
}

/** A time claim (seconds since 1970) as ISO 8601, or in words when it lies outside what a date can hold. */
function formatTime(seconds: number | undefined): string {
  const date = new Date((seconds ?? Number.NaN) * 1000);
  return Number.isNaN(date.getTime()) ? 'a time that no calendar holds' : date.toISOString();
}

function explainClaim(error: errors.JWTClaimValidationFailed, required: TokenRequirements): string {
  const { claim, reason, payload } = error;
  if (reason === 'missing' && claim !== 'typ')
    return `The token has no ${JSON.stringify(claim)} claim; it is required.`;
  if (reason === 'invalid') return `The token's ${JSON.stringify(claim)} claim is not a number of seconds since 1970.`;
  if (claim === 'iss') {
    return `The token's issuer, ${show(payload.iss)}, is not accepted; allowed: ${show(required.issuer)}.`;
  }
  if (claim === 'aud') {
    return `The token is meant for ${show(payload.aud)}; it must be meant for ${show(required.audience)}.`;
  }
  // The only one that stands in the header: RFC 9068, section 2.1.
  if (claim === 'typ') {
    return `The token's type ("typ") is not accepted; allowed: ${show(required.type)}.`;
  }
  if (claim === 'nbf') {
    return `The token is not valid before ${formatTime(payload.nbf)}; clocks may differ by ${required.clockToleranceSeconds} seconds.`;
  }
  return `The token's ${JSON.stringify(claim)} claim is not accepted.`;
}

/** A claim's value in at most 100 characters. */
function show(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 100 ? `${text.slice(0, 100)}...` : text;
}
