import { EmbedderError } from '../embed/embedder-error.ts';
import type { ExpectedError } from '../errors.ts';
import { CollectionError } from '../ingest/collection-definition.ts';
import { InvalidDocumentError, VersionConflictError } from '../ingest/document-input.ts';
import { IdempotencyError } from '../ingest/only-once.ts';
import { QuotaExceededError } from '../quota.ts';
import { ExampleNotFoundError, NotEmbeddableError } from '../search/search-request.ts';
import { TenantStateError } from '../tenants/tenant-error.ts';
import { builder } from './builder.ts';
import { QuotaKindEnum } from './tenant-limits.ts';

/** Expected failures, as members of result unions. */
const ErrorInterface = builder.interfaceRef<ExpectedError>('Error').implement({
  description:
    'A failure that callers plan for. `code` is stable and listed in docs/errors.md; `message` is for people.',
  fields: (t) => ({
    code: t.exposeString('code', { description: 'Stable, upper case, such as `EMBEDDER_TIMEOUT`.' }),
    message: t.exposeString('message', {
      description: 'What was wrong, what was received and what is allowed, in a sentence.',
    }),
  }),
});

builder.objectType(EmbedderError, {
  name: 'EmbedderError',
  description:
    'The text could not be embedded: `EMBEDDER_UNAVAILABLE`, `EMBEDDER_TIMEOUT` or `EMBEDDER_REJECTED`. KEYWORD search needs no embedder.',
  interfaces: [ErrorInterface],
});

builder.objectType(NotEmbeddableError, {
  name: 'NotEmbeddableError',
  description: 'The model knows nothing of the text: `NOT_EMBEDDABLE`. HYBRID would have fallen back to KEYWORD.',
  interfaces: [ErrorInterface],
});

builder.objectType(InvalidDocumentError, {
  name: 'InvalidDocumentError',
  description: 'A document cannot be stored: `INVALID_DOCUMENT`. Nothing of the write was stored.',
  interfaces: [ErrorInterface],
  fields: (t) => ({
    index: t.exposeInt('index', { description: 'Position of the document in the input, from 0.' }),
  }),
});

builder.objectType(VersionConflictError, {
  name: 'VersionConflictError',
  description:
    'A document is not at the version that `ifVersion` names: `VERSION_CONFLICT`. Nothing of the write was stored.',
  interfaces: [ErrorInterface],
  fields: (t) => ({
    index: t.exposeInt('index', { description: 'Position of the document in the input, from 0.' }),
    currentVersion: t.exposeInt('currentVersion', {
      description: 'The version that it is at; 0 where there is no such document.',
    }),
  }),
});

builder.objectType(IdempotencyError, {
  name: 'IdempotencyError',
  description: 'Another write was sent under the same idempotency key: `IDEMPOTENCY_CONFLICT`. Nothing was stored.',
  interfaces: [ErrorInterface],
});

builder.objectType(CollectionError, {
  name: 'CollectionError',
  description:
    'A collection cannot be defined like this: `INVALID_COLLECTION`, or `COLLECTION_NOT_EMPTY` where its language would change under its documents. It is what it was.',
  interfaces: [ErrorInterface],
});

builder.objectType(TenantStateError, {
  name: 'TenantStateError',
  description:
    'The state of a tenant does not allow this: `TENANT_EXISTS`, `TENANT_NOT_FOUND` or `TENANT_BEING_DELETED`. Nothing was changed.',
  interfaces: [ErrorInterface],
});

builder.objectType(QuotaExceededError, {
  name: 'QuotaExceededError',
  description: 'The tenant would have, or use, more than it may: `QUOTA_EXCEEDED`. Nothing of the write was stored.',
  interfaces: [ErrorInterface],
  fields: (t) => ({
    kind: t.expose('kind', { type: QuotaKindEnum, description: 'Of what.' }),
    limit: t.exposeInt('limit', { description: 'How much is allowed.' }),
    remaining: t.exposeInt('remaining', { description: 'How much of that was left for the write.' }),
    resetsAt: t.expose('resetsAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When there is some again. Null: only deleting helps.',
    }),
  }),
});

builder.objectType(ExampleNotFoundError, {
  name: 'ExampleNotFoundError',
  description: 'A document or chunk to search from does not exist for this tenant, or has no vector yet: `NOT_FOUND`.',
  interfaces: [ErrorInterface],
});
