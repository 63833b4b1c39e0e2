import { encodeGlobalID } from '@pothos/plugin-relay';
import { isTenantDeletionId, parseTenantId } from '../ids.ts';
import {
  type DeletionStatus,
  deleteTenant,
  type ErasedTable as ErasedTableShape,
  readDeletion,
  readDeletions,
  type TenantDeletion as TenantDeletionShape,
} from '../tenants/delete-tenant.ts';
import { TenantStateError } from '../tenants/tenant-error.ts';
import { builder } from './builder.ts';
import { requirePrincipal } from './context.ts';
import { readTenantDeletionGlobalId } from './global-ids.ts';
import { priced } from './price.ts';
import { tagged } from './tags.ts';

const DeletionStatusEnum = builder.enumType('TenantDeletionStatus', {
  description: 'How far the deletion of a tenant is.',
  values: {
    WAITING: { value: 'waiting', description: 'Its requests are refused; no worker has begun to erase.' },
    ERASING: { value: 'erasing', description: 'Rows are being erased, or indexes wait to be dropped.' },
    FINISHED: { value: 'finished', description: 'Nothing of it is left but `keptRevocations`: this is the receipt.' },
  } as const satisfies Record<Uppercase<DeletionStatus>, { value: DeletionStatus; description: string }>,
});

const ErasedTable = builder.objectRef<ErasedTableShape>('ErasedTable').implement({
  description: "What became of a tenant's rows in one table.",
  fields: (t) => ({
    table: t.exposeString('table', { description: 'Name of the table, in the schema `tessera`.' }),
    erasedRows: t.exposeInt('erasedRows', { description: 'Rows erased so far.' }),
    remainingRows: t.exposeInt('remainingRows', {
      nullable: true,
      description:
        'Rows that were left when it finished, counted in that transaction by a role that sees all: 0, but of `revoked_tokens` as many as `keptRevocations`. Null until then.',
    }),
  }),
});

const TenantDeletion = builder.objectRef<TenantDeletionShape>('TenantDeletion').implement({
  description: 'The deletion of a tenant, and its receipt once it is finished.',
  fields: (t) => ({
    id: t.id({
      description: 'Opaque and global, to ask for it again by.',
      resolve: ({ id }) => encodeGlobalID('TenantDeletion', id),
    }),
    tenantId: t.exposeString('tenantId', { description: 'Whose deletion.' }),
    status: t.expose('status', { type: DeletionStatusEnum, description: 'How far it is.' }),
    requestedBy: t.exposeString('requestedBy', { description: 'Subject of whoever asked for it.' }),
    requestedAt: t.expose('requestedAt', { type: 'DateTime', description: 'Since when requests are refused.' }),
    requestId: t.exposeString('requestId', {
      nullable: true,
      description:
        'The request in which it was asked for, as in the header `x-request-id`. Null for an older deletion.',
    }),
    tokenId: t.exposeString('tokenId', {
      nullable: true,
      description: 'The `jti` of the token that asked for it. Null where it had none.',
    }),
    startedAt: t.expose('startedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When a worker began to erase. Null: none has.',
    }),
    finishedAt: t.expose('finishedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When nothing was left. Null: something is.',
    }),
    tables: t.field({
      type: [ErasedTable],
      description: 'Every table that holds rows of tenants, by name; none until the first rows are erased.',
      resolve: ({ tables }) => [...tables],
    }),
    indexesToDrop: t.stringList({
      description:
        "Indexes of the tenant's own that hold it up: a worker with the owner's connection, or `tessera tiers --apply`, drops them.",
      resolve: ({ indexesToDrop }) => [...indexesToDrop],
    }),
    detachedTables: t.stringList({
      description:
        "Attached tables whose every row was the tenant's, by name. Nothing of them is followed any more, as if they had been detached; their triggers stay, do nothing, and go with `tessera detach`.",
      resolve: ({ detachedTables }) => [...detachedTables],
    }),
    keptRevocations: t.exposeInt('keptRevocations', {
      description:
        'Revocations of tokens that had not expired when it finished. They are kept, so that the tokens do not hold when the tenant is created anew: the `jti` of each and its expiry, and not who revoked it. 0 until then.',
    }),
    keptRevocationsUntil: t.expose('keptRevocationsUntil', {
      type: 'DateTime',
      nullable: true,
      description: 'When the last of them is cleared away: an hour after its token has expired. Null: none is kept.',
    }),
  }),
});

builder.mutationField('deleteTenant', (t) =>
  t.field({
    type: TenantDeletion,
    description:
      'Deletes a tenant and everything of it, which cannot be taken back: from now on its requests are refused with `TENANT_DELETED`, and the worker erases it in the background. Asked for again, the same deletion.',
    authScopes: { token: 'operator' },
    extensions: { ...priced({ points: 10 }), ...tagged('admin') },
    errors: {
      types: [TenantStateError],
      union: { name: 'DeleteTenantResult', description: 'The deletion, or why there is none.' },
    },
    args: { id: t.arg.string({ required: true, description: 'As tokens name it.' }) },
    resolve: async (_root, { id }, { deps, principal }) => {
      const deletion = await deleteTenant(deps, requirePrincipal(principal), parseTenantId(id));
      deps.onPending();
      return deletion;
    },
  }),
);

builder.queryField('tenantDeletion', (t) =>
  t.field({
    type: TenantDeletion,
    nullable: true,
    description: 'A deletion by its id: how far it is, or its receipt. Null where there is none.',
    authScopes: { token: 'operator' },
    extensions: tagged('admin'),
    args: { id: t.arg.id({ required: true, description: 'As `TenantDeletion.id` gave it.' }) },
    resolve: (_root, args, { deps, principal }) => {
      const id = readTenantDeletionGlobalId(String(args.id));
      return isTenantDeletionId(id) ? readDeletion(deps, requirePrincipal(principal), id) : null;
    },
  }),
);

builder.queryField('tenantDeletions', (t) =>
  t.field({
    type: [TenantDeletion],
    description: 'Deletions that a tenant id went through, newest first, at most a hundred. Receipts are kept.',
    authScopes: { token: 'operator' },
    extensions: { ...priced({ points: 5, list: { otherwise: 10 } }), ...tagged('admin') },
    args: { tenantId: t.arg.string({ required: true, description: 'As tokens named it.' }) },
    resolve: (_root, { tenantId }, { deps, principal }) =>
      readDeletions(deps, requirePrincipal(principal), parseTenantId(tenantId)),
  }),
);
