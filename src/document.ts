import type { DocumentId } from './ids.ts';
import type { Language } from './language.ts';

/** A document as it is read back, without its body: that can be large and is loaded only where it is asked for. */
export interface Document {
  readonly id: DocumentId;
  readonly collection: string;
  readonly externalId: string | null;
  readonly title: string;
  readonly url: string | null;
  readonly metadata: Record<string, unknown>;
  /** A word of the caller's own, such as `published`. */
  readonly status: string;
  readonly language: Language;
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** From when on nobody sees it; null for never. */
  readonly expiresAt: Date | null;
}
