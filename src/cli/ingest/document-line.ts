import type { AccessList } from '../../access-list.ts';
import { checkDocuments, type DocumentInput, InvalidDocumentError } from '../../ingest/document-input.ts';
import { readVectors } from './document-vectors.ts';
import { withoutPosition } from './wrong-document.ts';

/** A document of a file: it must have a key of its own, so that the same line stored twice is one document. */
export type KeyedDocument = DocumentInput & { readonly externalId: string };

export interface DocumentLineOptions {
  /** Where documents go that name no collection. */
  readonly collection: string;
  /** Bytes that a document may take as JSON, so that a request can hold it. */
  readonly maxBytes: number;
  /** Components of the model's vectors; without it no vectors are taken. */
  readonly dimensions?: number | undefined;
}

/** The fields of a document, of any type, or why there are none. */
export type ReadFields = { readonly value: Record<string, unknown> } | { readonly fault: string };

/** A document that can be stored. */
export interface CheckedDocument {
  readonly document: KeyedDocument;
  /** As JSON, vectors apart. */
  readonly sizeBytes: number;
  /** Unit length, one for each of its chunks. */
  readonly vectors?: readonly Float32Array[];
}

/** A document, or what is wrong with it. */
export type ReadDocument = CheckedDocument | { readonly fault: string };

const fieldTypes = {
  externalId: 'text',
  collection: 'text',
  title: 'text',
  body: 'text',
  url: 'text',
  metadata: 'object',
  status: 'text',
  language: 'text',
  acl: 'object',
  expiresAt: 'text',
} as const;
type Field = keyof typeof fieldTypes;
const required: readonly Field[] = ['externalId', 'title', 'body'];

/** Checks a document's fields. */
export function readDocument(fields: ReadFields, options: DocumentLineOptions): ReadDocument {
  if ('fault' in fields) return fields;
  const { collection, maxBytes, dimensions } = options;
  const { vector, vectors, ...value } = fields.value;
  const fault = findFault(value);
  if (fault) return { fault };
  const made = readVectors({ vector, vectors }, dimensions);
  if (made && 'fault' in made) return made;
  const acl = readAccessList(value.acl);
  if (acl && 'fault' in acl) return { fault: `the field acl ${acl.fault}` };
  const { expiresAt, ...given } = value as { expiresAt?: string };
  const moment = expiresAt === undefined ? undefined : readMoment(expiresAt);
  if (moment === null)
    return {
      fault: `expiresAt is ${JSON.stringify(expiresAt?.slice(0, 80))}; a moment such as "2026-01-31T12:00:00Z" is allowed.`,
    };
  const document = {
    collection,
    ...given,
    ...(acl && { acl }),
    ...(moment && { expiresAt: moment }),
  } as unknown as KeyedDocument;
  try {
    checkDocuments([document]);
  } catch (error) {
    if (error instanceof InvalidDocumentError) return { fault: withoutPosition(error.message) };
    throw error;
  }
  const sizeBytes = Buffer.byteLength(JSON.stringify(document));
  if (sizeBytes <= maxBytes) return { document, sizeBytes, ...made };
  return { fault: `the document takes ${sizeBytes} bytes; MAX_BODY_BYTES leaves room for ${maxBytes}.` };
}

/** Null for what is no moment with its time zone. */
function readMoment(text: string): Date | null {
  const moment = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/.test(text)
    ? new Date(text)
    : null;
  return moment === null || Number.isNaN(moment.getTime()) ? null : moment;
}

/** Reads an object from a line of JSON. A field that is null counts as left out. */
export function parseObject(text: string): ReadFields {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { fault: `it is not JSON (${error instanceof Error ? error.message : String(error)}).` };
  }
  if (!isObject(value)) return { fault: 'it is JSON, but not an object.' };
  return { value: Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== null)) };
}

function findFault(fields: Record<string, unknown>): string | undefined {
  for (const [name, value] of Object.entries(fields)) {
    if (!Object.hasOwn(fieldTypes, name)) {
      return `there is no field ${JSON.stringify(name.slice(0, 80))}; ${Object.keys(fieldTypes).join(', ')}, vector, vectors are allowed.`;
    }
    const type = fieldTypes[name as Field];
    if (type === 'text' ? typeof value !== 'string' : !isObject(value)) {
      return `the field ${name} is not ${type === 'text' ? 'a text' : 'an object'}.`;
    }
  }
  const missing = required.filter((name) => !Object.hasOwn(fields, name));
  return missing.length > 0 ? `it has no ${missing.join(' and no ')}.` : undefined;
}

/** Users and groups, each left out or null or a list of texts; what they hold is checked with the document. */
function readAccessList(value: unknown): AccessList | { fault: string } | undefined {
  if (value === undefined) return undefined;
  const { users, groups, ...others } = value as Record<string, unknown>;
  const [other] = Object.keys(others);
  if (other !== undefined) return { fault: `has ${JSON.stringify(other.slice(0, 80))}; users and groups are allowed.` };
  const isList = (names: unknown): names is string[] | null | undefined =>
    names == null || (Array.isArray(names) && names.every((name) => typeof name === 'string'));
  if (!isList(users) || !isList(groups)) return { fault: 'has users or groups that are not a list of texts.' };
  return { users: users ?? [], groups: groups ?? [] };
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
