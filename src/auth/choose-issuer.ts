import { decodeJwt } from 'jose';
import { tokenRefusal } from './token-refusal.ts';
import { createTokenVerifier, refuseUnreadable, type TokenVerifierOptions, type VerifyToken } from './verify-token.ts';

/**
 * Makes the function that turns the tokens of several issuers into principals. A token's `iss` chooses whose keys, audience, algorithms and claims
 * it is checked with, and what it is checked with then demands the same `iss` again. An issuer that is not among them is refused
 * before any key is looked for, so that a stranger's token costs no request to anybody.
 * @param issuers one or more, no two of the same name.
 */
export function createIssuersVerifier(issuers: readonly TokenVerifierOptions[]): VerifyToken {
  const verifiers = new Map<unknown, VerifyToken>(issuers.map((one) => [one.issuer, createTokenVerifier(one)]));
  return async (token) => {
    refuseUnreadable(token);
    const verify = verifiers.get(readIssuer(token));
    // Nothing of the token is repeated: nobody has vouched for it.
    if (!verify) throw tokenRefusal('The token names no issuer ("iss") that is accepted here.');
    return verify(token);
  };
}

function readIssuer(token: string): unknown {
  try {
    return decodeJwt(token).iss;
  } catch (cause) {
    throw tokenRefusal('The token is not a well-formed signed JWT (header, claims and signature in base64url).', cause);
  }
}
