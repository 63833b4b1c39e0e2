import { isDocumentId } from '../ids.ts';
import {
  type TransferDocumentLine,
  type TransferEnd,
  type TransferHeader,
  transferFields,
  transferFormat,
} from './transfer-format.ts';

/** A line of a transfer that was read, or what is wrong with it. */
export type TransferLine = TransferHeader | TransferDocumentLine | TransferEnd | { readonly fault: string };

/**
 * Reads a line of a transfer as far as the format goes: whether its texts can be stored is for whoever stores them to say.
 * @returns which kind it is by its keys: `format`, `document`, `end` or `fault`.
 */
export function readTransferLine(text: string): TransferLine {
  let line: unknown;
  try {
    line = JSON.parse(text);
  } catch (error) {
    return { fault: `it is not JSON (${error instanceof Error ? error.message : String(error)}).` };
  }
  if (!isObject(line)) return { fault: 'it is JSON, but not an object.' };
  if ('format' in line) return readHeader(line);
  if (isObject(line.end) && Number.isInteger(line.end.documents)) return line as unknown as TransferEnd;
  return isObject(line.document)
    ? readDocument(line as unknown as TransferDocumentLine)
    : { fault: 'it is neither a header nor a document nor an end.' };
}

function readHeader(line: Record<string, unknown>): TransferLine {
  const { format, version, tenant, collections, model } = line;
  if (format !== transferFormat.format || version !== transferFormat.version)
    return {
      fault: `it has the format ${JSON.stringify(format)}, version ${JSON.stringify(version)}; ${transferFormat.format}, version ${transferFormat.version}, is read here.`,
    };
  const isWhole =
    isObject(tenant) &&
    typeof tenant.id === 'string' &&
    typeof tenant.name === 'string' &&
    Array.isArray(collections) &&
    collections.every(isCollection) &&
    (model === null || (isObject(model) && typeof model.name === 'string' && typeof model.dimensions === 'number'));
  return isWhole ? (line as unknown as TransferHeader) : { fault: 'the header lacks something or is damaged.' };
}

/** What it says of attributes and chunks is checked when it is defined. */
function isCollection(one: unknown): boolean {
  const isNamed = isObject(one) && typeof one.name === 'string' && Array.isArray(one.attributes);
  return isNamed && ((one.chunking ?? null) === null || isObject(one.chunking));
}

function readDocument(line: TransferDocumentLine): TransferLine {
  const { document, vectors = [] } = line;
  for (const [name, { type, required }] of Object.entries(transferFields)) {
    const value = document[name as keyof typeof transferFields] ?? null;
    if (value === null ? required : type === 'object' ? !isObject(value) : typeof value !== type)
      return { fault: `the field ${name} of the document ${value === null ? 'is missing' : `is no ${type}`}.` };
  }
  const unknown = Object.keys(document).find((name) => !Object.hasOwn(transferFields, name));
  if (unknown !== undefined)
    return { fault: `there is no field ${JSON.stringify(unknown.slice(0, 80))}; was it written by a newer version?` };
  if (!isDocumentId(String(document.id))) return { fault: 'the id of the document is no UUID.' };
  for (const name of ['createdAt', 'expiresAt'] as const) {
    if (document[name] != null && Number.isNaN(Date.parse(String(document[name]))))
      return { fault: `the ${name} of the document is no moment.` };
  }
  if (!isAccessList(document.acl ?? null)) return { fault: 'the acl of the document is no list of users and groups.' };
  const areVectors =
    Array.isArray(vectors) && vectors.every((one) => isObject(one) && isText(one.contentHash) && isText(one.vector));
  return areVectors ? line : { fault: 'the vectors of the document are damaged.' };
}

function isAccessList(acl: unknown): boolean {
  if (acl === null) return true;
  const lists = isObject(acl) ? [acl.users, acl.groups] : [];
  return lists.length === 2 && lists.every((names) => Array.isArray(names) && names.every(isText));
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
