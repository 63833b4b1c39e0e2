import DataLoader from 'dataloader';
import type { AccessDeps } from '../access/api-keys.ts';
import type { AccessList } from '../access-list.ts';
import type { AuditDeps } from '../audit/read-audit-log.ts';
import type { Principal } from '../auth/principal.ts';
import type { Document } from '../document.ts';
import { readAccessLists } from '../documents/access-lists.ts';
import type { DocumentKey } from '../documents/document-statements.ts';
import {
  type DocumentDeps,
  readBodies,
  readDocuments,
  readDocumentsByKey,
  readPendingChunks,
} from '../documents/read-documents.ts';
import { Refusal } from '../errors.ts';
import type { DocumentId, JobId } from '../ids.ts';
import { type Job, readJobs } from '../ingest/read-jobs.ts';
import type { IngestDeps } from '../ingest/write.ts';
import type { QuotaExceededError } from '../quota.ts';
import type { LimitsDeps } from '../quotas/tenant-limits.ts';
import type { SearchDeps } from '../search/search.ts';
import type { TenantDeps } from '../tenants/read-tenant.ts';
import type { Watches } from '../updates/watches.ts';

/** What resolvers may call. Every feature takes its own part of it. */
export interface GraphQLDeps
  extends SearchDeps,
    IngestDeps,
    DocumentDeps,
    TenantDeps,
    AccessDeps,
    AuditDeps,
    LimitsDeps {
  /** The subscriptions of this process. */
  readonly watches: Watches;
}

/** What a resolver knows of its request. */
export interface RequestContext {
  readonly deps: GraphQLDeps;
  /** The same for something that outlasts the request, or is given up before it. */
  readonly depsFor: (signal: AbortSignal) => GraphQLDeps;
  /** Rejects when the credential of the request holds no longer. */
  readonly authenticateAgain: () => Promise<unknown>;
  /** Absent for a request without a token. */
  readonly principal: Principal | undefined;
  /** Aborted when the client goes away or the request takes too long. */
  readonly signal: AbortSignal;
  readonly loaders: DocumentLoaders;
  /** Writes of the request that were refused over a limit, so far. */
  readonly refusedWrites: readonly QuotaExceededError[];
}

/** Batches what the fields of one request ask about documents: one statement each, however many documents there are. */
export interface DocumentLoaders {
  /** Null for a document that is nobody's or another tenant's. */
  readonly document: DataLoader<DocumentId, Document | null>;
  /** The same by collection and external id. */
  readonly documentByKey: DataLoader<DocumentKey, Document | null, string>;
  readonly body: DataLoader<DocumentId, string | null>;
  readonly pendingChunks: DataLoader<DocumentId, number>;
  /** Null for a document that the whole tenant may see. */
  readonly acl: DataLoader<DocumentId, AccessList | null>;
  /** Null for a job that is nobody's or another tenant's. */
  readonly job: DataLoader<JobId, Job | null>;
}

/** Has everything read anew: each event of a subscription is an answer of its own. */
export function forgetLoaded(loaders: DocumentLoaders): void {
  for (const loader of Object.values(loaders)) loader.clearAll();
}

export function createLoaders(deps: DocumentDeps, principal: Principal | undefined): DocumentLoaders {
  const byId = async <Value>(
    ids: readonly DocumentId[],
    absent: Value,
    read: () => Promise<Map<DocumentId, Value>>,
  ) => {
    const found = await read();
    return ids.map((id) => found.get(id) ?? absent);
  };
  const who = () => requirePrincipal(principal);
  return {
    document: new DataLoader((ids) =>
      byId<Document | null>(ids, null, async () => {
        const documents = await readDocuments(deps, who(), ids);
        return new Map(documents.map((document) => [document.id, document]));
      }),
    ),
    documentByKey: new DataLoader(
      async (keys: readonly DocumentKey[]) => {
        const documents = await readDocumentsByKey(deps, who(), keys);
        const found = new Map(documents.map((document) => [keyText(document), document]));
        return keys.map((key) => found.get(keyText(key)) ?? null);
      },
      { cacheKeyFn: keyText },
    ),
    body: new DataLoader((ids) => byId<string | null>(ids, null, () => readBodies(deps, who(), ids))),
    pendingChunks: new DataLoader((ids) => byId(ids, 0, () => readPendingChunks(deps, who(), ids))),
    acl: new DataLoader((ids) => byId<AccessList | null>(ids, null, () => readAccessLists(deps, who(), ids))),
    job: new DataLoader(async (ids: readonly JobId[]) => {
      const found = new Map((await readJobs(deps, who(), ids)).map((job) => [job.id, job]));
      return ids.map((id) => found.get(id) ?? null);
    }),
  };
}

function keyText({ collection, externalId }: { readonly collection: string; readonly externalId: string | null }) {
  return JSON.stringify([collection, externalId]);
}

/**
 * The caller, for a resolver that has checked its scope already.
 * @throws {Refusal} `UNAUTHENTICATED` without a token.
 */
export function requirePrincipal(principal: Principal | undefined): Principal {
  if (principal) return principal;
  throw new Refusal('UNAUTHENTICATED', 'The request has no token. Send "Authorization: Bearer <token>".');
}
