import type { UpsertStatus } from '../../ingest/write.ts';
import type { GatewayClient } from '../gateway-client.ts';
import { type Failure, successOf } from '../graphql-request.ts';
import type { BatchStore } from './batch-store.ts';
import type { KeyedDocument } from './document-line.ts';
import { WrongDocumentError, withoutPosition } from './wrong-document.ts';

const mutation = `mutation Ingest($input: [UpsertDocumentInput!]!, $atomic: Boolean!, $job: ID) {
  upsertDocuments(input: $input, atomic: $atomic, job: $job) {
    ... on UpsertDocumentsPayload { documents { status } leftOut { index message } job { id } }
    ... on InvalidDocumentError { index }
    ... on Error { code message }
  }
}`;

interface Payload {
  readonly documents: readonly { readonly status: UpsertStatus }[];
  readonly leftOut: readonly { readonly index: number; readonly message: string }[];
  readonly job: { readonly id: string } | null;
}

interface UpsertFailure extends Failure {
  /** Position of the document that cannot be stored. */
  readonly index?: number;
}

/**
 * Stores through the API, as any other client. What a line alone does not tell, such as which types a collection declares, the
 * gateway finds out: with `skipInvalid` it leaves such documents out, without it stores nothing of their batch.
 */
export function createGatewayStore(
  client: Pick<GatewayClient, 'request'>,
  { skipInvalid }: { readonly skipInvalid: boolean },
): BatchStore {
  return ({ documents, names }) =>
    async (job, onSent) => {
      const answer = client.request<{ upsertDocuments: Payload | UpsertFailure }>(mutation, {
        input: documents.map(toInput),
        atomic: !skipInvalid,
        job,
      });
      onSent();
      const { upsertDocuments: outcome } = await answer;
      if ('index' in outcome && outcome.index !== undefined)
        throw new WrongDocumentError(names[outcome.index] as string, outcome.message);
      const { documents: stored, leftOut, job: reached } = successOf<Payload>(outcome);
      return {
        statuses: stored.map(({ status }) => status),
        faults: new Map(leftOut.map(({ index, message }) => [index, withoutPosition(message)])),
        jobId: reached?.id ?? job,
        writeVectors: async () => 0,
      };
    };
}

/** GraphQL's names of languages are upper case. */
function toInput({ language, ...document }: KeyedDocument) {
  return { ...document, ...(language && { language: language.toUpperCase() }) };
}
