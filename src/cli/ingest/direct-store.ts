import type { Principal } from '../../auth/principal.ts';
import type { ServerConfig } from '../../config/config.ts';
import { ExpectedError, StartupError } from '../../errors.ts';
import { readJobGlobalId, writeJobId } from '../../graphql/global-ids.ts';
import type { TenantId } from '../../ids.ts';
import { type DocumentInput, InvalidDocumentError } from '../../ingest/document-input.ts';
import { type LoadedDocument, type LoadResult, loadDocuments, prepareLoad } from '../../ingest/load-documents.ts';
import type { Logger } from '../../log.ts';
import { adoptVectors } from '../../worker/adopt-vectors.ts';
import { copyEmbeddings } from '../../worker/copy-embeddings.ts';
import type { Application } from '../application.ts';
import { openLoadDatabases } from '../databases.ts';
import { everyScope } from '../tokens.ts';
import type { BatchStore } from './batch-store.ts';
import { WrongDocumentError, withoutPosition } from './wrong-document.ts';

/** A way into the database past the API, for loads. */
export interface DirectStore {
  readonly store: BatchStore;
  /** Components of the vectors that documents may bring: those of the model by which the tenant is searched. */
  readonly dimensions: number;
  close(): Promise<void>;
}

export interface DirectOptions {
  readonly tenantId: TenantId;
  readonly skipInvalid: boolean;
}

/**
 * Opens a connection of the gateway's login, which writes documents and chunks under the tenant's policies, and one of the
 * worker's, which writes vectors under the same tenant's: each may do what it may always do. Batches overlap: the vectors of
 * one are written beside the documents of the next.
 */
export async function openDirectStore(
  { config, log, app }: { readonly config: ServerConfig; readonly log: Logger; readonly app: Application },
  { tenantId, skipInvalid }: DirectOptions,
): Promise<DirectStore> {
  const { deps } = app;
  const principal: Principal = { tenantId, subject: 'cli', groups: [], scopes: [...everyScope] };
  const { modelId, embedder } = await chooseModel(deps, principal);
  const { documents: database, vectors: vectorDatabase } = await openLoadDatabases(config, log);
  const ingest = { ...deps, database };
  let settings: LoadResult['settings'] = new Map();
  return {
    dimensions: embedder.model.dimensions,
    store: (batch) => {
      const prepared = prepareLoad(
        ingest,
        batch.documents.map((input, index) => withVectors(input, batch.vectors[index])),
        settings,
      );
      // Looked at when the batch is stored.
      prepared.catch(() => {});
      return async (job, onSent) => {
        const faults = new Map<number, string>();
        const jobId = job === undefined ? null : readJobGlobalId(job);
        const onFault = (fault: Error) => {
          if (!skipInvalid || !(fault instanceof InvalidDocumentError)) throw fault;
          faults.set(fault.index, withoutPosition(fault.message));
        };
        const request = { prepared: await prepared, jobId, onFault, onSent };
        const result = await loadDocuments(ingest, principal, request).catch((error: unknown) => {
          throw explain(error, batch.names);
        });
        settings = result.settings;
        return {
          statuses: result.outcomes.map(({ status }) => status),
          faults,
          jobId: result.jobId === null ? undefined : writeJobId(result.jobId),
          writeVectors: async () =>
            result.vectors.length === 0
              ? 0
              : adoptVectors(vectorDatabase, modelId, tenantId, result.vectors, copyEmbeddings),
        };
      };
    },
    close: async () => {
      await database.close();
      await vectorDatabase.close();
    },
  };
}

function withVectors(input: DocumentInput, vectors: readonly Float32Array[] | undefined): LoadedDocument {
  return { input, ...(vectors && { vectors }) };
}

function explain(error: unknown, names: readonly string[]): unknown {
  if (error instanceof InvalidDocumentError)
    return new WrongDocumentError(names[error.index] as string, error.message, { cause: error });
  return error instanceof ExpectedError ? new StartupError(error.message, { cause: error }) : error;
}

/** The model that vectors of a load are taken for. A cut-over meanwhile does not change whose they are. */
async function chooseModel({ choice, ...configured }: Application['deps'], principal: Principal) {
  const active = (await choice?.activeModel(principal)) ?? configured.modelId;
  const found = [configured, choice?.other].find((one) => one?.modelId === active);
  if (!found)
    throw new StartupError(
      `The vectors of ${principal.tenantId} are of a model that this program is not configured for; "tessera models" names it.`,
    );
  return found;
}
