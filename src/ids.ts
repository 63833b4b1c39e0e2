import { validate as isUuid, v7 as uuidv7 } from 'uuid';
import { Refusal } from './errors.ts';

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** A tenant's id, 1 to 64 characters of `[A-Za-z0-9_-]`. Only {@link parseTenantId} makes one. */
export type TenantId = Branded<'TenantId'>;
/** A document's id within its tenant, a UUID (version 7 for those made here, so that keys grow at one end of the index). */
export type DocumentId = Branded<'DocumentId'>;
/** A chunk's id within its tenant, a UUID. */
export type ChunkId = Branded<'ChunkId'>;
/** An API key's id within its tenant, a UUID. It is no secret. */
export type ApiKeyId = Branded<'ApiKeyId'>;
/** The id of a tenant's deletion, a UUID. */
export type TenantDeletionId = Branded<'TenantDeletionId'>;
/** A job's id within its tenant, a UUID. */
export type JobId = Branded<'JobId'>;

const tenantIdPattern = /^[A-Za-z0-9_-]{1,64}$/;

/** True for a string that may be a tenant id. Anything else, look-alike letters and line ends included, is not. */
export function isTenantId(value: unknown): value is TenantId {
  return typeof value === 'string' && tenantIdPattern.test(value);
}

/**
 * Reads a tenant id that a person or a file gave.
 * @throws {Refusal} `BAD_USER_INPUT` when it is not 1 to 64 characters of letters, digits, `_` and `-`.
 */
export function parseTenantId(value: string): TenantId {
  if (isTenantId(value)) return value;
  throw new Refusal(
    'BAD_USER_INPUT',
    `The tenant id ${JSON.stringify(value.slice(0, 80))} is not usable: 1 to 64 letters, digits, "_" and "-" are allowed.`,
  );
}

export function newDocumentId(): DocumentId {
  return uuidv7() as DocumentId;
}

export function newChunkId(): ChunkId {
  return uuidv7() as ChunkId;
}

/** True for a string that may be a document's id (a UUID in any version). */
export function isDocumentId(value: string): value is DocumentId {
  return isUuid(value);
}

export function newApiKeyId(): ApiKeyId {
  return uuidv7() as ApiKeyId;
}

/** The id of a row of the audit log: a UUID of version 7, so that ids grow with time. */
export function newAuditId(): string {
  return uuidv7();
}

/** True for a string that may be the id of a row of the audit log. */
export function isAuditId(value: string): boolean {
  return isUuid(value);
}

export function newJobId(): JobId {
  return uuidv7() as JobId;
}

/** True for a string that may be a job's id. */
export function isJobId(value: string): value is JobId {
  return isUuid(value);
}

/** True for a string that may be an API key's id. */
export function isApiKeyId(value: string): value is ApiKeyId {
  return isUuid(value);
}

export function newTenantDeletionId(): TenantDeletionId {
  return uuidv7() as TenantDeletionId;
}

/** True for a string that may be the id of a tenant's deletion. */
export function isTenantDeletionId(value: string): value is TenantDeletionId {
  return isUuid(value);
}

/** True for a string that may be a chunk's id. */
export function isChunkId(value: string): value is ChunkId {
  return isUuid(value);
}
