import { decodeGlobalID, encodeGlobalID } from '@pothos/plugin-relay';
import { Refusal } from '../errors.ts';
import { type DocumentId, isChunkId, isJobId, type JobId } from '../ids.ts';
import type { DeadLetterKey } from '../ingest/dead-letters.ts';

/** Types that `node` fetches. */
const nodeTypes: ReadonlySet<string> = new Set(['Document']);

/** The global id of a document, as its field `id` gives it. */
export function writeDocumentId(id: DocumentId): string {
  return encodeGlobalID('Document', id);
}

/**
 * Reads a global id.
 * @throws {Refusal} `BAD_USER_INPUT` for what no field `id` ever gave.
 */
export function readGlobalId(globalId: string): { typename: string; id: string } {
  const decoded = tryReadGlobalId(globalId);
  if (decoded) return decoded;
  throw new Refusal(
    'BAD_USER_INPUT',
    `${JSON.stringify(globalId.slice(0, 80))} is not a global id. Pass one as a field "id" gave it, unchanged.`,
  );
}

/** What a job's id is called. */
export const jobType = 'Job';

/** The global id of a job, as its field `id` gives it. */
export function writeJobId(id: JobId): string {
  return encodeGlobalID(jobType, id);
}

/**
 * Reads the global id of a job, which is no node either.
 * @throws {Refusal} `BAD_USER_INPUT` for what no field `Job.id` ever gave.
 */
export function readJobGlobalId(globalId: string): JobId {
  const decoded = tryDecode(globalId);
  if (decoded?.typename === jobType && isJobId(decoded.id)) return decoded.id;
  throw new Refusal(
    'BAD_USER_INPUT',
    `${JSON.stringify(globalId.slice(0, 80))} is not the id of a job. Pass one as "Job.id" gave it, unchanged.`,
  );
}

const deadLetterType = 'DeadLetter';

/** The id of a dead letter: one chunk may be refused by the providers of two models. */
export function writeDeadLetterId({ chunkId, modelId }: Required<DeadLetterKey>): string {
  return encodeGlobalID(deadLetterType, `${chunkId}:${modelId}`);
}

/** A model's id is a smallint. */
const modelPattern = /^[1-9]\d{0,3}$/;

/**
 * Reads the id of a dead letter. One that was given before ids named a model means every model of its chunk.
 * @throws {Refusal} `BAD_USER_INPUT` for what no field `DeadLetter.id` ever gave.
 */
export function readDeadLetterGlobalId(globalId: string): DeadLetterKey {
  const decoded = tryDecode(globalId);
  const [chunkId = '', model, ...others] = decoded?.id.split(':') ?? [];
  const isKey = isChunkId(chunkId) && (model === undefined || modelPattern.test(model)) && others.length === 0;
  if (decoded?.typename === deadLetterType && isKey)
    return { chunkId, ...(model !== undefined && { modelId: Number(model) }) };
  throw new Refusal(
    'BAD_USER_INPUT',
    `${JSON.stringify(globalId.slice(0, 80))} is not the id of a dead letter. Pass one as "DeadLetter.id" gave it, unchanged.`,
  );
}

/**
 * Reads the global id of an API key, which is no node: a token that reads documents does not fetch it.
 * @throws {Refusal} `BAD_USER_INPUT` for what no field `ApiKey.id` ever gave.
 */
export function readApiKeyGlobalId(globalId: string): string {
  const decoded = tryDecode(globalId);
  if (decoded?.typename === 'ApiKey') return decoded.id;
  throw new Refusal(
    'BAD_USER_INPUT',
    `${JSON.stringify(globalId.slice(0, 80))} is not the id of an API key. Pass one as "ApiKey.id" gave it, unchanged.`,
  );
}

/**
 * Reads the global id of a tenant's deletion, which is no node.
 * @throws {Refusal} `BAD_USER_INPUT` for what no field `TenantDeletion.id` ever gave.
 */
export function readTenantDeletionGlobalId(globalId: string): string {
  const decoded = tryDecode(globalId);
  if (decoded?.typename === 'TenantDeletion') return decoded.id;
  throw new Refusal(
    'BAD_USER_INPUT',
    `${JSON.stringify(globalId.slice(0, 80))} is not the id of a tenant's deletion. Pass one as "TenantDeletion.id" gave it, unchanged.`,
  );
}

/** The same without refusing anything: undefined for what is no global id of a node. */
export function tryReadGlobalId(globalId: string): { typename: string; id: string } | undefined {
  const decoded = tryDecode(globalId);
  return decoded && nodeTypes.has(decoded.typename) ? decoded : undefined;
}

function tryDecode(globalId: string): { typename: string; id: string } | undefined {
  try {
    return decodeGlobalID(globalId);
  } catch {
    return undefined;
  }
}
