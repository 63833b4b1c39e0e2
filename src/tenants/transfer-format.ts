import type { Attribute } from '../attribute.ts';
import type { Chunking } from '../chunking.ts';
import type { ModelIdentity } from '../embed/embedder.ts';

/**
 * A tenant as JSON lines: a header, one line for each document, and an end, by which a file that was cut off is told. UTF-8,
 * with `\n` behind every line.
 */
export const transferFormat = { format: 'tessera-tenant', version: 1 } as const;

/**
 * Everything of a document that a transfer carries: the field of the line, the column, and the JSON type. This is the one list:
 * what is written, what is read, and what is checked follow it. A field may be null unless it is required.
 */
export const transferFields = {
  id: { column: 'id', type: 'string', required: true },
  collection: { column: 'collection', type: 'string', required: true },
  externalId: { column: 'external_id', type: 'string', required: false },
  title: { column: 'title', type: 'string', required: true },
  body: { column: 'body', type: 'string', required: true },
  url: { column: 'url', type: 'string', required: false },
  metadata: { column: 'metadata', type: 'object', required: false },
  status: { column: 'status', type: 'string', required: false },
  language: { column: 'language', type: 'string', required: false },
  // Null: the whole tenant. Lost on the way, it would let everybody read what a few may.
  acl: { column: 'acl', type: 'object', required: false },
  createdAt: { column: 'created_at', type: 'string', required: true },
  expiresAt: { column: 'expires_at', type: 'string', required: false },
} as const;

export type TransferField = keyof typeof transferFields;

/** The first line. */
export interface TransferHeader {
  readonly format: typeof transferFormat.format;
  readonly version: typeof transferFormat.version;
  readonly exportedAt: string;
  readonly tenant: { readonly id: string; readonly name: string };
  readonly collections: readonly {
    readonly name: string;
    readonly language: string;
    readonly attributes: readonly Attribute[];
    /** How its documents are divided; null for the usual way. */
    readonly chunking: Chunking | null;
  }[];
  /** The model of the vectors that the documents carry; null where they carry none. */
  readonly model: ModelIdentity | null;
}

/** A passage's vector, by what the passage says. */
export interface TransferredVector {
  /** Of the passage with its title and headings, base64. */
  readonly contentHash: string;
  /** Components as float32, little endian, base64. */
  readonly vector: string;
}

/** A line between the first and the last. */
export interface TransferDocumentLine {
  readonly document: { readonly [Field in TransferField]?: unknown };
  readonly vectors?: readonly TransferredVector[];
}

/** The last line. */
export interface TransferEnd {
  readonly end: { readonly documents: number };
}

/** Components of a full vector as a transfer carries them. */
export function encodeVector(vector: Float32Array): string {
  const bytes = Buffer.alloc(4 * vector.length);
  for (const [index, component] of vector.entries()) bytes.writeFloatLE(component, 4 * index);
  return bytes.toString('base64');
}

/** How far from 1 the length of a full vector may be: what its table allows. */
const lengthTolerance = 0.001;

/** The opposite of {@link encodeVector}; undefined for a text that is no unit vector of so many components. */
export function decodeVector(text: string, dimensions: number): Float32Array | undefined {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length !== 4 * dimensions) return undefined;
  const vector = Float32Array.from({ length: dimensions }, (_, index) => bytes.readFloatLE(4 * index));
  return Math.abs(Math.hypot(...vector) - 1) < lengthTolerance ? vector : undefined;
}
