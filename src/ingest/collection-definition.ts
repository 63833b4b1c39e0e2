import { type Attribute, attributeLimits, attributeNamePattern } from '../attribute.ts';
import { type Chunking, chunkTokenLimits, defaultChunking } from '../chunking.ts';
import { ExpectedError } from '../errors.ts';
import type { Language } from '../language.ts';
import { documentLimits } from './document-input.ts';

/** What a caller says of a collection. */
export interface CollectionDefinition {
  readonly name: string;
  readonly language: Language;
  readonly attributes: readonly Attribute[];
  /** How its documents are divided; as usual without it. */
  readonly chunking?: Chunking | undefined;
}

/** A collection that cannot be defined like this; it is what it was. */
export class CollectionError extends ExpectedError {
  override readonly name = 'CollectionError';
  override readonly code: 'INVALID_COLLECTION' | 'COLLECTION_NOT_EMPTY';

  constructor(code: CollectionError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * Checks a definition before anything is read.
 * @throws {CollectionError} `INVALID_COLLECTION` for a name that is no collection's or no attribute's, for two attributes
 *   of one name, for too many attributes, and for chunks of a size that none can have.
 */
export function checkDefinition({ name, attributes, chunking }: CollectionDefinition): void {
  const fault =
    findNameFault(name) ?? findAttributesFault(attributes) ?? findChunkingFault(chunking ?? defaultChunking);
  if (fault) throw new CollectionError('INVALID_COLLECTION', fault);
}

function findNameFault(name: string): string | undefined {
  const { collectionLength } = documentLimits;
  if (name.length > collectionLength)
    return `The name of the collection has ${name.length} characters; at most ${collectionLength} are allowed.`;
  if (name.includes('\0') || !name.isWellFormed())
    return 'The name of the collection holds a NUL character or half of a surrogate pair, which is not valid text.';
  return name.trim() === ''
    ? 'The name of the collection is empty; give it at least one visible character.'
    : undefined;
}

function findAttributesFault(attributes: readonly Attribute[]): string | undefined {
  const { perCollection } = attributeLimits;
  if (attributes.length > perCollection)
    return `The collection declares ${attributes.length} attributes; at most ${perCollection} are allowed.`;
  const seen = new Set<string>();
  for (const { name } of attributes) {
    const quoted = JSON.stringify(name.slice(0, 80));
    if (!attributeNamePattern.test(name))
      return `The attribute name ${quoted} is not usable: 1 to 63 letters, digits, "_", "." and "-" are allowed, a letter or "_" first.`;
    if (seen.has(name)) return `The attribute ${quoted} is declared twice; each may come once.`;
    seen.add(name);
  }
  return undefined;
}

function findChunkingFault({ maxTokens, overlapTokens }: Chunking): string | undefined {
  const { least, most } = chunkTokenLimits;
  if (maxTokens !== null && (maxTokens < least || maxTokens > most))
    return `Chunks have at most ${maxTokens} tokens; ${least} to ${most} are allowed.`;
  if (overlapTokens === null) return undefined;
  if (maxTokens === null)
    return `Chunks repeat ${overlapTokens} tokens and have no size of their own; say maxTokens beside overlapTokens.`;
  return overlapTokens < 0 || overlapTokens >= maxTokens / 2
    ? `Chunks repeat ${overlapTokens} tokens; 0 to less than half of maxTokens, which is ${maxTokens}, are allowed.`
    : undefined;
}
