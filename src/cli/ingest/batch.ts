import type { CheckedDocument, KeyedDocument } from './document-line.ts';

export interface BatchLimits {
  readonly documents: number;
  /** As JSON. One document may be larger; it goes alone. */
  readonly sizeBytes: number;
}

/** Documents that go in one write. */
export interface Batch {
  readonly documents: readonly KeyedDocument[];
  /** Where each document was found, such as `Line 12`. */
  readonly names: readonly string[];
  /** Of each document; empty where they come without. */
  readonly vectors: readonly (readonly Float32Array[])[];
}

/** Gathers documents. */
export interface Gathering {
  /** False when what was gathered must be written before this document. */
  hasRoom(read: CheckedDocument): boolean;
  add(read: CheckedDocument, name: string): void;
  /** What was gathered; the next gathering begins. */
  take(): Batch;
}

/**
 * A document comes once in a write, so a second line with the same key waits for the next one, and the last line of a key is
 * what stays. Documents with vectors and documents without are not written together.
 */
export function gatherBatches(limits: BatchLimits): Gathering {
  let documents: KeyedDocument[] = [];
  let names: string[] = [];
  let vectors: (readonly Float32Array[])[] = [];
  const keys = new Set<string>();
  let total = 0;
  const sizeOf = (read: CheckedDocument) =>
    read.sizeBytes + 1 + (read.vectors ?? []).reduce((sum, { byteLength }) => sum + byteLength, 0);
  return {
    hasRoom: (read) =>
      documents.length === 0 ||
      (documents.length < limits.documents &&
        total + sizeOf(read) <= limits.sizeBytes + 1 &&
        vectors.length > 0 === (read.vectors !== undefined) &&
        !keys.has(keyOf(read.document))),
    add: (read, name) => {
      documents.push(read.document);
      names.push(name);
      if (read.vectors) vectors.push(read.vectors);
      keys.add(keyOf(read.document));
      total += sizeOf(read);
    },
    take: () => {
      const batch = { documents, names, vectors };
      [documents, names, vectors, total] = [[], [], [], 0];
      keys.clear();
      return batch;
    },
  };
}

function keyOf({ collection, externalId }: KeyedDocument): string {
  return `${collection}\0${externalId}`;
}
