/** Signature algorithms (RFC 7518 names) that a shared secret can check, each with the shortest secret it may use, in bytes (RFC 7518, section 3.2). */
export const hmacKeyBytes = { HS256: 32, HS384: 48, HS512: 64 } as const;

/** Signature algorithms that a public key can check. `none` is in neither list and can never be allowed. */
const publicKeyAlgorithms = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
] as const;

export type HmacAlgorithm = keyof typeof hmacKeyBytes;
export type Algorithm = HmacAlgorithm | (typeof publicKeyAlgorithms)[number];

const hmacAlgorithms = Object.keys(hmacKeyBytes) as HmacAlgorithm[];
export const algorithms: readonly Algorithm[] = [...hmacAlgorithms, ...publicKeyAlgorithms];

/** True for an algorithm whose key is a shared secret. */
export function isHmac(algorithm: Algorithm): algorithm is HmacAlgorithm {
  return Object.hasOwn(hmacKeyBytes, algorithm);
}

/** What public keys check where no algorithms are named. */
export const publicKeyDefaults: readonly Algorithm[] = ['RS256', 'PS256', 'ES256', 'EdDSA'];
