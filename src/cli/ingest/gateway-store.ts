import { StartupError } from '../../errors.ts';
import type { UpsertStatus } from '../../ingest/write.ts';
import type { GatewayClient } from '../gateway-client.ts';
import { type Failure, successOf } from '../graphql-request.ts';
import type { BatchStore } from './batch-store.ts';
import type { KeyedDocument } from './document-line.ts';

const mutation = `mutation Ingest($input: [UpsertDocumentInput!]!, $job: ID) {
  upsertDocuments(input: $input, job: $job) {
    ... on UpsertDocumentsPayload { documents { status } job { id } }
    ... on InvalidDocumentError { index }
    ... on Error { code message }
  }
}`;

interface Payload {
  readonly documents: readonly { readonly status: UpsertStatus }[];
  readonly job: { readonly id: string } | null;
}

interface UpsertFailure extends Failure {
  /** Position of the document that cannot be stored. */
  readonly index?: number;
}

/** Stores through the API, as any other client. */
export function createGatewayStore(client: Pick<GatewayClient, 'request'>): BatchStore {
  return ({ documents, names }) =>
    async (job, onSent) => {
      const answer = client.request<{ upsertDocuments: Payload | UpsertFailure }>(mutation, {
        input: documents.map(toInput),
        job,
      });
      onSent();
      const { upsertDocuments: outcome } = await answer;
      // Lines are checked before they are sent, so this is a gateway of another version, with other limits.
      if ('index' in outcome && outcome.index !== undefined)
        throw new StartupError(`${names[outcome.index]}: ${outcome.message}`);
      const { documents: stored, job: reached } = successOf<Payload>(outcome);
      return {
        statuses: stored.map(({ status }) => status),
        faults: new Map(),
        jobId: reached?.id ?? job,
        writeVectors: async () => 0,
      };
    };
}

/** GraphQL's names of languages are upper case. */
function toInput({ language, ...document }: KeyedDocument) {
  return { ...document, ...(language && { language: language.toUpperCase() }) };
}
