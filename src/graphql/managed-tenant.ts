import DataLoader from 'dataloader';
import { parseTenantId, type TenantId } from '../ids.ts';
import { createTenant, renameTenant, resumeTenant, suspendTenant } from '../tenants/change-tenant.ts';
import {
  listTenants,
  type ManagedTenant as ManagedTenantShape,
  readManagedTenant,
  readTenantSizes,
  type TenantSizes as TenantSizesShape,
} from '../tenants/list-tenants.ts';
import { TenantStateError } from '../tenants/tenant-error.ts';
import { type TenantStatus, tenantStatuses } from '../tenants/tenant-statements.ts';
import { builder } from './builder.ts';
import { type RequestContext, requirePrincipal } from './context.ts';
import { toPageInfo } from './page-info.ts';
import { priced, pricedPage } from './price.ts';
import { tagged } from './tags.ts';
import { TierEnum } from './tenant-tier.ts';

const statusDescriptions: Record<TenantStatus, string> = {
  active: 'Its requests are answered.',
  suspended: 'Its requests are refused with `TENANT_SUSPENDED`; its data are kept.',
  deleting: 'Its requests are refused with `TENANT_DELETED`, and its data are being erased.',
};

const TenantStatusEnum = builder.enumType('TenantStatus', {
  description: 'What may be done as a tenant.',
  values: Object.fromEntries(
    tenantStatuses.map((value) => [value.toUpperCase(), { value, description: statusDescriptions[value] }]),
  ) as Record<Uppercase<TenantStatus>, { value: TenantStatus; description: string }>,
});

const TenantSizes = builder.objectRef<TenantSizesShape>('TenantSizes').implement({
  description: 'How much a tenant holds, counted for this answer.',
  fields: (t) => ({
    documents: t.exposeInt('documents', { description: 'Documents stored.' }),
    chunks: t.exposeInt('chunks', { description: 'Passages of those documents.' }),
    embeddings: t.exposeInt('embeddings', { description: 'Vectors of those passages.' }),
    estimatedBytes: t.exposeFloat('tableBytes', {
      nullable: true,
      description:
        'Its share, by rows, of the bytes of the tables of documents, passages and vectors, without indexes. An estimate. Null until PostgreSQL has analysed them.',
    }),
  }),
});

export const ManagedTenant = builder.objectRef<ManagedTenantShape>('ManagedTenant').implement({
  description: 'A tenant as the operator sees it: who it is and how much it holds, and never what.',
  fields: (t) => ({
    id: t.exposeString('id', { description: 'As tokens name it. It never changes.' }),
    name: t.exposeString('name', { description: 'For people; empty for one that registered itself.' }),
    status: t.expose('status', { type: TenantStatusEnum, description: 'What may be done as this tenant.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was created, or first wrote.' }),
    tier: t.expose('tier', {
      type: TierEnum,
      nullable: true,
      description: 'How the vectors that are searched are indexed. Null where there never were any.',
    }),
    sizes: t.field({
      type: TenantSizes,
      description: 'How much it holds, counted now: some 0.1 s for each million rows.',
      extensions: priced({ points: 20 }),
      resolve: ({ id }, _args, context) => sizesLoader(context).load(id),
    }),
  }),
});

const loaders = new WeakMap<RequestContext, DataLoader<TenantId, TenantSizesShape>>();

/** One statement for the sizes of all tenants of a request. */
function sizesLoader(context: RequestContext): DataLoader<TenantId, TenantSizesShape> {
  const known = loaders.get(context);
  if (known) return known;
  const loader = new DataLoader<TenantId, TenantSizesShape>(async (ids) => {
    const found = await readTenantSizes(context.deps, requirePrincipal(context.principal), ids);
    return ids.map((id) => found.get(id) ?? new Error(`The sizes of tenant ${id} were not counted.`));
  });
  loaders.set(context, loader);
  return loader;
}

const TenantConnection = builder.connectionObject(
  { type: ManagedTenant, name: 'ManagedTenantConnection', description: 'A page of tenants, by id.' },
  { name: 'ManagedTenantEdge', description: 'A tenant and its place in the list.' },
);

builder.queryField('tenants', (t) =>
  t.field({
    type: TenantConnection,
    description: 'All tenants, by id.',
    authScopes: { token: 'operator' },
    extensions: { ...pricedPage(2), ...tagged('admin') },
    args: {
      status: t.arg({ type: TenantStatusEnum, description: 'Those of this status; all without it.' }),
      first: t.arg.int({ description: 'Page size, 1 to 100; 10 without it.' }),
      after: t.arg.string({ description: '`endCursor` of the page before.' }),
    },
    resolve: async (_root, { status, first, after }, { deps, principal }) => {
      const request = {
        ...(status && { status }),
        ...(first !== undefined && { first }),
        ...(after !== undefined && { after }),
      };
      const { items, hasNextPage } = await listTenants(deps, requirePrincipal(principal), request);
      return {
        edges: items.map(({ tenant, cursor }) => ({ cursor, node: tenant })),
        pageInfo: toPageInfo(items, hasNextPage),
      };
    },
  }),
);

builder.queryField('managedTenant', (t) =>
  t.field({
    type: ManagedTenant,
    nullable: true,
    description: 'One tenant, whoever it is. Null where there is none of this id.',
    authScopes: { token: 'operator' },
    extensions: tagged('admin'),
    args: { id: t.arg.string({ required: true, description: 'As tokens name it.' }) },
    resolve: (_root, { id }, { deps, principal }) =>
      readManagedTenant(deps, requirePrincipal(principal), parseTenantId(id)),
  }),
);

const name = { description: 'For people, at most 200 characters.' };

builder.mutationField('createTenant', (t) =>
  t.field({
    type: ManagedTenant,
    description:
      'Creates a tenant, also one that was deleted before. It is needed for that only: a tenant that a trusted issuer names is registered by its first write.',
    authScopes: { token: 'operator' },
    extensions: { ...priced({ points: 10 }), ...tagged('admin') },
    errors: {
      types: [TenantStateError],
      union: { name: 'CreateTenantResult', description: 'The tenant, or why it was not created.' },
    },
    args: {
      id: t.arg.string({ required: true, description: '1 to 64 letters, digits, `_` and `-`; it never changes.' }),
      name: t.arg.string({ ...name, defaultValue: '' }),
    },
    resolve: (_root, args, { deps, principal }) =>
      createTenant(deps, requirePrincipal(principal), parseTenantId(args.id), args.name ?? ''),
  }),
);

builder.mutationField('renameTenant', (t) =>
  t.field({
    type: ManagedTenant,
    description: 'Gives a tenant another name. Its id stays.',
    authScopes: { token: 'operator' },
    extensions: { ...priced({ points: 10 }), ...tagged('admin') },
    errors: {
      types: [TenantStateError],
      union: { name: 'RenameTenantResult', description: 'The tenant, or why it is what it was.' },
    },
    args: {
      id: t.arg.string({ required: true, description: 'As tokens name it.' }),
      name: t.arg.string({ ...name, required: true }),
    },
    resolve: (_root, args, { deps, principal }) =>
      renameTenant(deps, requirePrincipal(principal), parseTenantId(args.id), args.name),
  }),
);

builder.mutationField('suspendTenant', (t) =>
  t.field({
    type: ManagedTenant,
    description:
      'Suspends a tenant: from now on every request of it but revocations is refused with `TENANT_SUSPENDED`, and nothing of it is embedded. Its data are kept.',
    authScopes: { token: 'operator' },
    extensions: { ...priced({ points: 10 }), ...tagged('admin') },
    errors: {
      types: [TenantStateError],
      union: { name: 'SuspendTenantResult', description: 'The tenant, or why it is what it was.' },
    },
    args: { id: t.arg.string({ required: true, description: 'As tokens name it.' }) },
    resolve: (_root, { id }, { deps, principal }) =>
      suspendTenant(deps, requirePrincipal(principal), parseTenantId(id)),
  }),
);

builder.mutationField('resumeTenant', (t) =>
  t.field({
    type: ManagedTenant,
    description: 'Ends a suspension: everything is as it was.',
    authScopes: { token: 'operator' },
    extensions: { ...priced({ points: 10 }), ...tagged('admin') },
    errors: {
      types: [TenantStateError],
      union: { name: 'ResumeTenantResult', description: 'The tenant, or why it is what it was.' },
    },
    args: { id: t.arg.string({ required: true, description: 'As tokens name it.' }) },
    resolve: async (_root, { id }, { deps, principal }) => {
      const tenant = await resumeTenant(deps, requirePrincipal(principal), parseTenantId(id));
      deps.onPending();
      return tenant;
    },
  }),
);
