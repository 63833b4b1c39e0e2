import { type AccessList, findAccessListFault } from '../access-list.ts';
import { ExpectedError } from '../errors.ts';
import type { DocumentId } from '../ids.ts';
import { isLanguage, type Language, languages } from '../language.ts';
import { findMetadataFault } from './metadata-fault.ts';

/** A document as a caller gives it. */
export interface DocumentInput {
  /** An existing document's id; it must exist. */
  readonly id?: DocumentId;
  /** The caller's own key, unique within the collection: the same key later means the same document. */
  readonly externalId?: string;
  readonly collection: string;
  readonly title: string;
  /** Plain text or Markdown. */
  readonly body: string;
  readonly url?: string;
  readonly metadata?: Record<string, unknown>;
  /** A word of the caller's own; {@link defaultStatus} without it. */
  readonly status?: string;
  /** Of this document where it is another than its collection's. */
  readonly language?: Language;
  /** Who may read it; the whole tenant without it. */
  readonly acl?: AccessList;
}

/** Of documents that come without a status. */
export const defaultStatus = 'published';

/** What one document and one write may hold. Text lengths are in UTF-16 units. */
export const documentLimits = {
  documentsPerWrite: 200,
  collectionLength: 64,
  externalIdLength: 512,
  titleLength: 1_000,
  bodyLength: 1_000_000,
  urlLength: 2_048,
  metadataBytes: 16_384,
  statusLength: 64,
} as const;

/** A document that cannot be stored; nothing of the write that it came with is stored either. */
export class InvalidDocumentError extends ExpectedError {
  override readonly name = 'InvalidDocumentError';
  override readonly code = 'INVALID_DOCUMENT';
  /** Position of the document in the write, from 0. */
  readonly index: number;

  constructor(index: number, message: string) {
    super(`Document ${index}: ${message}`);
    this.index = index;
  }
}

/**
 * Checks documents before anything is written.
 * @throws {InvalidDocumentError} for the first document that cannot be stored.
 */
export function checkDocuments(inputs: readonly DocumentInput[]): void {
  const seen = new Map<string, number>();
  for (const [index, input] of inputs.entries()) {
    const fault = findFault(input);
    if (fault) throw new InvalidDocumentError(index, fault);
    const key = input.id ?? (input.externalId === undefined ? undefined : `${input.collection}\0${input.externalId}`);
    if (key === undefined) continue;
    const earlier = seen.get(key);
    if (earlier !== undefined) throw namedTwice(index, earlier);
    seen.set(key, index);
  }
}

export function namedTwice(index: number, earlier: number): InvalidDocumentError {
  return new InvalidDocumentError(
    index,
    `it names the same document as document ${earlier}; each may come once in a write.`,
  );
}

function findFault(input: DocumentInput): string | undefined {
  const limits = documentLimits;
  const texts = [
    ['collection', input.collection, limits.collectionLength],
    ['externalId', input.externalId, limits.externalIdLength],
    ['title', input.title, limits.titleLength],
    ['body', input.body, limits.bodyLength],
    ['url', input.url, limits.urlLength],
    ['status', input.status, limits.statusLength],
  ] as const;
  for (const [name, value, longest] of texts) {
    if (value === undefined) continue;
    if (value.length > longest) return `the ${name} has ${value.length} characters; at most ${longest} are allowed.`;
    if (value.includes('\0')) return `the ${name} holds a NUL character, which PostgreSQL text cannot.`;
    if (!value.isWellFormed()) return `the ${name} holds half of a surrogate pair, which is not valid Unicode.`;
    if (name !== 'url' && value.trim() === '') return `the ${name} is empty; give it at least one visible character.`;
  }
  if (input.language !== undefined && !isLanguage(input.language))
    return `the language is ${JSON.stringify(String(input.language).slice(0, 80))}; ${languages.join(', ')} are allowed.`;
  const listFault = input.acl && findAccessListFault(input.acl);
  if (listFault !== undefined) return `the acl ${listFault}`;
  const fault = findMetadataFault(input.metadata ?? {}, limits.metadataBytes);
  return fault === undefined ? findUrlFault(input.url) : `the metadata ${fault}`;
}

function findUrlFault(url: string | undefined): string | undefined {
  if (url === undefined) return undefined;
  const scheme = URL.parse(url)?.protocol;
  if (scheme === 'https:' || scheme === 'http:') return undefined;
  return 'the url is not an absolute http or https address.';
}
