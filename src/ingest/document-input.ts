import { type AccessList, findAccessListFault } from '../access-list.ts';
import { ExpectedError } from '../errors.ts';
import { type DocumentId, isDocumentId } from '../ids.ts';
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
  /** From when on nobody sees it; never without it. */
  readonly expiresAt?: Date;
  /** Write it only if this is its version; 0 for a document that must not be there. */
  readonly ifVersion?: number;
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

/** In the order in which they are looked at. */
const longestTexts = {
  collection: documentLimits.collectionLength,
  externalId: documentLimits.externalIdLength,
  title: documentLimits.titleLength,
  body: documentLimits.bodyLength,
  url: documentLimits.urlLength,
  status: documentLimits.statusLength,
} as const;

/** A document that cannot be stored; nor is what came with it, unless the write is one that leaves such documents out. */
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

/** A document is not at the version that its writer expected. */
export class VersionConflictError extends ExpectedError {
  override readonly name = 'VersionConflictError';
  override readonly code = 'VERSION_CONFLICT';
  /** Position of the document in the write, from 0. */
  readonly index: number;
  /** 0 where there is none. */
  readonly currentVersion: number;

  constructor(index: number, expected: number, currentVersion: number) {
    const found = currentVersion === 0 ? 'is not there' : `is at version ${currentVersion}`;
    const wanted = expected === 0 ? 'it was not to be there' : `version ${expected} was expected`;
    super(`Document ${index}: the document ${found}, and ${wanted}. Read it again and decide anew.`);
    this.index = index;
    this.currentVersion = currentVersion;
  }
}

/** Why one document of a write is not written. */
export type DocumentFault = InvalidDocumentError | VersionConflictError;

/** What is done about a document that cannot be written: throw, so that nothing is, or note it and leave the document out. */
export type OnFault = (fault: DocumentFault) => void;

/** With the first fault the whole write fails. */
export const failAtOnce: OnFault = (fault) => {
  throw fault;
};

/** A document with its position in the write, from 0. */
export interface PlacedInput<Input = DocumentInput> {
  readonly index: number;
  readonly input: Input;
}

/**
 * Checks documents before anything is written.
 * @returns those without a fault.
 */
export function checkDocuments(inputs: readonly DocumentInput[], onFault: OnFault = failAtOnce): PlacedInput[] {
  const seen = new Map<string, number>();
  return inputs.flatMap((input, index) => {
    const fault = findFault(input);
    if (fault) {
      onFault(new InvalidDocumentError(index, fault));
      return [];
    }
    const key = input.id ?? (input.externalId === undefined ? undefined : `${input.collection}\0${input.externalId}`);
    const earlier = key === undefined ? undefined : seen.get(key);
    if (earlier !== undefined) {
      onFault(namedTwice(index, earlier));
      return [];
    }
    if (key !== undefined) seen.set(key, index);
    return [{ index, input }];
  });
}

export function namedTwice(index: number, earlier: number): InvalidDocumentError {
  return new InvalidDocumentError(
    index,
    `it names the same document as document ${earlier}; each may come once in a write.`,
  );
}

/** Of an id that no document has, whether it could be one's or not. */
export const unknownId = 'there is no document with the id that was given.';

function findFault(input: DocumentInput): string | undefined {
  if (input.id !== undefined && !isDocumentId(input.id)) return unknownId;
  const fault = findTextFault(input);
  if (fault !== undefined) return fault;
  if (input.language !== undefined && !isLanguage(input.language))
    return `the language is ${JSON.stringify(String(input.language).slice(0, 80))}; ${languages.join(', ')} are allowed.`;
  if (input.ifVersion !== undefined && input.ifVersion < 0)
    return `ifVersion is ${input.ifVersion}; 0 or a version is allowed.`;
  const listFault = input.acl && findAccessListFault(input.acl);
  if (listFault !== undefined) return `the acl ${listFault}`;
  const metadataFault = findMetadataFault(input.metadata ?? {}, documentLimits.metadataBytes);
  return metadataFault === undefined ? findUrlFault(input.url) : `the metadata ${metadataFault}`;
}

/** What is wrong with texts of a document, for a sentence; nothing if they can be stored. */
export function findTextFault(
  input: Partial<Record<keyof typeof longestTexts, string | undefined>>,
): string | undefined {
  for (const name of Object.keys(longestTexts) as (keyof typeof longestTexts)[]) {
    const [value, longest] = [input[name], longestTexts[name]];
    if (value === undefined) continue;
    if (value.length > longest) return `the ${name} has ${value.length} characters; at most ${longest} are allowed.`;
    if (value.includes('\0')) return `the ${name} holds a NUL character, which PostgreSQL text cannot.`;
    if (!value.isWellFormed()) return `the ${name} holds half of a surrogate pair, which is not valid Unicode.`;
    if (name !== 'url' && value.trim() === '') return `the ${name} is empty; give it at least one visible character.`;
  }
  return undefined;
}

export function findUrlFault(url: string | undefined): string | undefined {
  if (url === undefined) return undefined;
  const scheme = URL.parse(url)?.protocol;
  if (scheme === 'https:' || scheme === 'http:') return undefined;
  return 'the url is not an absolute http or https address.';
}
