import { hmacKeyBytes, isHmac } from './algorithms.ts';
import { embedderIsComplete, nextEmbedderIsComplete } from './embedder-rules.ts';
import { isLoopback } from './loopback.ts';
import type { Draft, Rule } from './rule.ts';

const keyVariables = ['JWT_HS256_SECRET', 'JWT_JWKS_URL', 'JWT_JWKS_FILE', 'JWT_PEM_FILE', 'JWT_ISSUERS_FILE'] as const;
const publicKeyVariables = ['JWT_JWKS_URL', 'JWT_JWKS_FILE', 'JWT_PEM_FILE'] as const;

/** True when a database server was named, rightly or wrongly. */
export function isServerMode({ given }: Draft): boolean {
  return given.has('DATABASE_URL');
}

function usesPublicKeys({ given }: Draft): boolean {
  return publicKeyVariables.some((name) => given.has(name));
}

const embeddedStaysOnLoopback: Rule = (draft) => {
  const host = draft.values.HOST;
  if (isServerMode(draft) || host === undefined || isLoopback(host)) return [];
  const sentence = `received ${JSON.stringify(host)}, but without DATABASE_URL this is embedded development mode, a single-user database whose tokens are signed with a generated key, and it must not be reachable from elsewhere; allowed: localhost, 127.0.0.0/8 and ::1. To listen elsewhere, set DATABASE_URL`;
  return [{ variable: 'HOST', sentence }];
};

const companionsNeedDatabaseUrl: Rule = (draft) => {
  const companions = [
    'WORKER_DATABASE_URL',
    'MIGRATE_DATABASE_URL',
    'LISTEN_DATABASE_URL',
    'GATEWAY_PASSWORD',
    'WORKER_PASSWORD',
  ] as const;
  if (isServerMode(draft)) return [];
  const orphans = companions.filter((name) => draft.given.has(name));
  if (orphans.length === 0) return [];
  const sentence = `not set, but ${orphans.join(', ')} ${orphans.length === 1 ? 'is' : 'are'}; set DATABASE_URL too, or none of them for the embedded database`;
  return [{ variable: 'DATABASE_URL', sentence }];
};

const oneSourceOfKeys: Rule = (draft) => {
  const chosen = keyVariables.filter((name) => draft.given.has(name));
  if (chosen.length === 0 && isServerMode(draft)) {
    const sentence =
      'no key to check tokens with; with DATABASE_URL exactly one of JWT_HS256_SECRET, JWT_JWKS_URL, JWT_JWKS_FILE, JWT_PEM_FILE and JWT_ISSUERS_FILE must be set';
    return [{ variable: 'JWT_HS256_SECRET', sentence }];
  }
  return chosen.slice(1).map((variable) => ({
    variable,
    sentence: `set beside ${chosen[0]}; allowed: exactly one of ${keyVariables.join(', ')}`,
  }));
};

const issuerAndAudienceAreKnown: Rule = (draft) => {
  if (draft.given.has('JWT_ISSUERS_FILE') || (!isServerMode(draft) && !usesPublicKeys(draft))) return [];
  const reason = isServerMode(draft) ? 'with DATABASE_URL' : 'with public keys';
  const missing = (['JWT_ISSUER', 'JWT_AUDIENCE'] as const).filter((name) => !draft.given.has(name));
  return missing.map((variable) => ({
    variable,
    sentence: `not set; ${reason} it is required, so that tokens made for others are refused`,
  }));
};

const algorithmsFitTheKey: Rule = (draft) => {
  const { JWT_ALGORITHMS: listed, JWT_HS256_SECRET: secret } = draft.values;
  const generated = keyVariables.every((name) => !draft.given.has(name));
  if (listed === undefined || draft.given.has('JWT_ISSUERS_FILE') || (generated && isServerMode(draft))) return [];
  const publicKeys = usesPublicKeys(draft);
  const misfits = listed.filter((algorithm) => (generated ? algorithm !== 'HS256' : isHmac(algorithm) === publicKeys));
  if (misfits.length > 0) {
    const shared = generated ? 'the generated key signs HS256 only' : 'a shared secret checks HS* only';
    const allowed = publicKeys ? 'public keys check RS*, PS*, ES* and EdDSA only' : shared;
    return [{ variable: 'JWT_ALGORITHMS', sentence: `received ${misfits.join(', ')}; allowed: ${allowed}` }];
  }
  const neededBytes = Math.max(...listed.map((algorithm) => (isHmac(algorithm) ? hmacKeyBytes[algorithm] : 0)));
  if (secret === undefined || Buffer.byteLength(secret.reveal()) >= neededBytes) return [];
  const sentence = `received a secret shorter than ${neededBytes} bytes, which ${listed.join(', ')} needs (RFC 7518)`;
  return [{ variable: 'JWT_HS256_SECRET', sentence }];
};

const issuersStandInTheirFile: Rule = ({ given }) => {
  if (!given.has('JWT_ISSUERS_FILE')) return [];
  const ofOne = ['JWT_ISSUER', 'JWT_AUDIENCE', 'JWT_ALGORITHMS', 'JWT_TYPE'] as const;
  return ofOne
    .filter((name) => given.has(name))
    .map((variable) => ({
      variable,
      sentence: 'set beside JWT_ISSUERS_FILE, where each issuer has its own; allowed: one or the other',
    }));
};

const overlapIsSmall: Rule = ({ given, values: { CHUNK_TOKENS: tokens, CHUNK_OVERLAP_TOKENS: overlap } }) => {
  if (tokens === undefined || overlap === undefined || overlap < tokens / 2) return [];
  const received = given.has('CHUNK_OVERLAP_TOKENS') ? `received ${overlap}` : `not set and therefore ${overlap}`;
  const sentence = `${received}; allowed: less than half of CHUNK_TOKENS, which is ${tokens}`;
  return [{ variable: 'CHUNK_OVERLAP_TOKENS', sentence }];
};

const onlyTrustedNeedsAFile: Rule = ({ given, values }) => {
  if (values.TRUSTED_DOCUMENTS_ONLY !== true || given.has('TRUSTED_DOCUMENTS_FILE')) return [];
  const sentence = 'not set, but TRUSTED_DOCUMENTS_ONLY is true, so nothing could run; name the manifest';
  return [{ variable: 'TRUSTED_DOCUMENTS_FILE', sentence }];
};

/** The rules about several variables, in the order in which their faults are printed. */
export const rules: readonly Rule[] = [
  companionsNeedDatabaseUrl,
  embeddedStaysOnLoopback,
  oneSourceOfKeys,
  issuerAndAudienceAreKnown,
  algorithmsFitTheKey,
  issuersStandInTheirFile,
  embedderIsComplete,
  nextEmbedderIsComplete,
  overlapIsSmall,
  onlyTrustedNeedsAFile,
];
