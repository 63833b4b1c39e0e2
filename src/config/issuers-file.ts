import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { StartupError } from '../errors.ts';
import { isTenantId } from '../ids.ts';
import { type Algorithm, algorithms, hmacKeyBytes, isHmac, publicKeyDefaults } from './algorithms.ts';
import type { IssuerConfig, TokenConfig } from './config.ts';
import { Secret } from './secret.ts';
import { claimName, keySetUrl, plainText, tokenType } from './value-types.ts';

const name = plainText('text').schema;
const sources = ['jwksUrl', 'jwksFile', 'pemFile', 'secretFile'] as const;

const issuerSchema = z.strictObject({
  issuer: name,
  audience: name,
  jwksUrl: keySetUrl.schema.optional(),
  jwksFile: name.optional(),
  pemFile: name.optional(),
  secretFile: name.optional(),
  algorithms: z.array(z.enum(algorithms)).min(1).optional(),
  type: tokenType.schema.optional(),
  tenants: z.array(z.string().refine(isTenantId, 'a tenant id')).min(1).optional(),
  claims: z
    .strictObject({
      tenant: claimName.schema.optional(),
      subject: claimName.schema.optional(),
      groups: claimName.schema.optional(),
      scopes: claimName.schema.optional(),
    })
    .optional(),
});

const fileSchema = z.strictObject({ issuers: z.array(issuerSchema).min(1).max(100) });
type Entry = z.output<typeof issuerSchema>;

/**
 * Reads the issuers of `JWT_ISSUERS_FILE`; docs/authentication.md shows one. Paths in it are relative to it.
 * @param shared the tolerance and the claim names of the environment, for entries that give none of their own.
 * @throws {StartupError} (exit code 78) with every fault of the file at once, when it or a secret that it names cannot be used.
 */
export async function readIssuersFile(
  path: string,
  shared: Pick<TokenConfig, 'clockToleranceSeconds' | 'claims'>,
): Promise<IssuerConfig[]> {
  const { issuers } = parseFile(path, await readText(path, path));
  const faults = issuers.flatMap((entry, index) =>
    faultsOf(entry, issuers.slice(0, index)).map((fault) => `issuers[${index}]: ${fault}`),
  );
  if (faults.length > 0) throw unusable(path, faults);
  return Promise.all(issuers.map((entry, index) => toConfig(entry, `issuers[${index}]`)));

  async function toConfig(entry: Entry, place: string): Promise<IssuerConfig> {
    const { issuer, audience, type, tenants, claims = {} } = entry;
    const key = await toKey(entry);
    const chosen = entry.algorithms ?? (key.kind === 'hs256' ? (['HS256'] as const) : publicKeyDefaults);
    if (key.kind === 'hs256') checkSecret(key.secret, chosen, place);
    const given = Object.fromEntries(Object.entries(claims).filter(([, claim]) => claim !== undefined));
    return {
      key,
      issuer,
      audience,
      algorithms: chosen,
      type,
      tenants,
      clockToleranceSeconds: shared.clockToleranceSeconds,
      claims: { ...shared.claims, ...given },
    };
  }

  async function toKey({ jwksUrl, jwksFile, pemFile, secretFile = '' }: Entry): Promise<IssuerConfig['key']> {
    const beside = (file: string) => resolve(dirname(path), file);
    if (jwksUrl !== undefined) return { kind: 'jwks-url', url: jwksUrl };
    if (jwksFile !== undefined) return { kind: 'jwks-file', path: beside(jwksFile) };
    if (pemFile !== undefined) return { kind: 'pem-file', path: beside(pemFile) };
    // Files of secrets end with a line break more often than not, and no issuer's secret does.
    const text = (await readText(path, beside(secretFile))).replace(/\r?\n$/, '');
    return { kind: 'hs256', secret: new Secret(text) };
  }

  function checkSecret(secret: Secret, chosen: readonly Algorithm[], place: string): void {
    const needed = Math.max(...chosen.map((one) => (isHmac(one) ? hmacKeyBytes[one] : 0)));
    const sizeBytes = Buffer.byteLength(secret.reveal());
    if (sizeBytes >= needed && !/\p{Cc}/u.test(secret.reveal())) return;
    const fault = `secretFile holds ${sizeBytes} bytes; at least ${needed} without control characters are needed for ${chosen.join(', ')} (RFC 7518)`;
    throw unusable(path, [`${place}: ${fault}`]);
  }
}

function parseFile(path: string, text: string): z.output<typeof fileSchema> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw unusable(path, ['it is not JSON'], cause);
  }
  const result = fileSchema.safeParse(json);
  if (result.success) return result.data;
  throw unusable(
    path,
    result.error.issues.map(({ path: at, message }) => `${at.join('.') || 'the file'}: ${message}`),
  );
}

/** What the schema cannot say: one source of keys, algorithms that fit it, and a name that no other entry has. */
function faultsOf(entry: Entry, before: readonly Entry[]): string[] {
  const chosen = sources.filter((source) => entry[source] !== undefined);
  const faults: string[] = [];
  if (chosen.length !== 1) {
    faults.push(`exactly one of ${sources.join(', ')} is allowed, received ${chosen.join(', ') || 'none'}`);
  }
  const isShared = entry.secretFile !== undefined;
  const misfits = (entry.algorithms ?? []).filter((algorithm) => isHmac(algorithm) !== isShared);
  if (misfits.length > 0) {
    const allowed = isShared ? 'a shared secret checks HS* only' : 'public keys check RS*, PS*, ES* and EdDSA only';
    faults.push(`algorithms received ${misfits.join(', ')}; ${allowed}`);
  }
  if (before.some(({ issuer }) => issuer === entry.issuer)) faults.push('another entry has the same issuer');
  return faults;
}

async function readText(issuersPath: string, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw unusable(issuersPath, [(cause as Error).message], cause);
  }
}

function unusable(path: string, faults: readonly string[], cause?: unknown): StartupError {
  const heading = `The issuers of JWT_ISSUERS_FILE, ${path}, cannot be used:`;
  return new StartupError([heading, ...faults.map((fault) => `  ${fault}`)].join('\n'), { cause, exitCode: 78 });
}
