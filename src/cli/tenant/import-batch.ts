import type { Principal } from '../../auth/principal.ts';
import type { Database } from '../../db/database.ts';
import type { JobId } from '../../ids.ts';
import { InvalidDocumentError } from '../../ingest/document-input.ts';
import { type ImportedDocument, importDocuments } from '../../ingest/import-documents.ts';
import type { IngestDeps } from '../../ingest/write.ts';
import { decodeVector, type TransferDocumentLine, type TransferredVector } from '../../tenants/transfer-format.ts';
import { adoptVectors } from '../../worker/adopt-vectors.ts';
import { WrongDocumentError } from '../ingest/wrong-document.ts';

/** What became of the documents of a file. */
export interface ImportTally {
  documents: number;
  /** Those that were not there just like this. */
  changed: number;
  /** Chunks that took their vector from the file. */
  adopted: number;
  /** The one job of everything that was to be embedded; null where nothing was. */
  jobId: JobId | null;
}

/** Documents of a file that are stored together. */
export interface ImportBatch {
  readonly tally: Readonly<ImportTally>;
  /**
   * Stores what came before, where that is enough for a write.
   * @param lineNumber from 1, for what is said when it cannot be stored.
   */
  add(line: TransferDocumentLine, lineNumber: number): Promise<void>;
  /** @throws {StartupError} that names the line of a document that cannot be stored. */
  flush(): Promise<void>;
}

const limits = { documents: 100, characters: 1_000_000 };

/** @param model where to write vectors that come along, of which model, and how many components they have; absent where they are not used. */
export function createImportBatch(
  deps: IngestDeps,
  principal: Principal,
  model: { readonly database: Database; readonly modelId: number; readonly dimensions: number } | undefined,
): ImportBatch {
  const tally: ImportTally = { documents: 0, changed: 0, adopted: 0, jobId: null };
  const documents: ImportedDocument[] = [];
  const vectors: (readonly TransferredVector[])[] = [];
  const lineNumbers: number[] = [];
  let characters = 0;

  async function flush(): Promise<void> {
    if (documents.length === 0) return;
    const importing = importDocuments(deps, principal, documents, tally.jobId);
    const { outcomes, jobId } = await importing.catch((error: unknown) => {
      if (!(error instanceof InvalidDocumentError)) throw error;
      throw new WrongDocumentError(`Line ${lineNumbers[error.index]}`, error.message, { cause: error });
    });
    tally.jobId = jobId;
    tally.documents += outcomes.length;
    tally.changed += outcomes.filter(({ status }) => status !== 'UNCHANGED').length;
    if (model) {
      const known = outcomes.flatMap(({ id, status }, index) =>
        status === 'UNCHANGED' ? [] : (vectors[index] ?? []).flatMap((one) => toKnown(id, one, model.dimensions)),
      );
      if (known.length > 0)
        tally.adopted += await adoptVectors(model.database, model.modelId, principal.tenantId, known);
    }
    documents.length = 0;
    vectors.length = 0;
    lineNumbers.length = 0;
    characters = 0;
  }

  return {
    tally,
    flush,
    async add(line, lineNumber) {
      const document = toDocument(line);
      if (documents.length === limits.documents || characters + document.body.length > limits.characters) await flush();
      documents.push(document);
      vectors.push(line.vectors ?? []);
      lineNumbers.push(lineNumber);
      characters += document.body.length;
    },
  };
}

/** The reader has checked the types; fields that are null are left out. */
function toDocument({ document }: TransferDocumentLine): ImportedDocument {
  const { createdAt, expiresAt, ...fields } = document;
  const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
  const moments = {
    createdAt: new Date(String(createdAt)),
    ...(expiresAt != null && { expiresAt: new Date(String(expiresAt)) }),
  };
  return { ...given, ...moments } as unknown as ImportedDocument;
}

function toKnown(documentId: ImportedDocument['id'], { contentHash, vector }: TransferredVector, dimensions: number) {
  const full = decodeVector(vector, dimensions);
  return full ? [{ documentId, contentHash: Buffer.from(contentHash, 'base64'), full }] : [];
}
