import type { KeyedDocument } from './document-line.ts';

export interface BatchLimits {
  readonly documents: number;
  /** As JSON. One document may be larger; it goes alone. */
  readonly sizeBytes: number;
}

/** Documents that go in one write. */
export interface Batch {
  readonly documents: readonly KeyedDocument[];
  /** Line number of each document. */
  readonly lines: readonly number[];
  /** False when the batch must be written before this document. */
  hasRoom(document: KeyedDocument, sizeBytes: number): boolean;
  add(document: KeyedDocument, sizeBytes: number, line: number): void;
  clear(): void;
}

/**
 * Gathers documents. A document comes once in a write, so a second line with the same key waits for the next one, and the
 * last line of a key is what stays.
 */
export function createBatch(limits: BatchLimits): Batch {
  const documents: KeyedDocument[] = [];
  const lines: number[] = [];
  const keys = new Set<string>();
  let total = 0;
  return {
    documents,
    lines,
    hasRoom: (document, sizeBytes) =>
      documents.length === 0 ||
      (documents.length < limits.documents && total + sizeBytes <= limits.sizeBytes && !keys.has(keyOf(document))),
    add: (document, sizeBytes, line) => {
      documents.push(document);
      lines.push(line);
      keys.add(keyOf(document));
      total += sizeBytes + 1;
    },
    clear: () => {
      documents.length = 0;
      lines.length = 0;
      keys.clear();
      total = 0;
    },
  };
}

function keyOf({ collection, externalId }: KeyedDocument): string {
  return `${collection}\0${externalId}`;
}
