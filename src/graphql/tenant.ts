import type { Principal } from '../auth/principal.ts';
import { readTenantFacts, requireServedTenant, type TenantFacts } from '../tenants/read-tenant.ts';
import { builder } from './builder.ts';
import { requirePrincipal } from './context.ts';
import { priced } from './price.ts';

const Viewer = builder.objectRef<Principal>('Viewer').implement({
  description: 'Who calls, as the token says.',
  fields: (t) => ({
    tenantId: t.exposeString('tenantId', { description: 'The tenant as whom everything is read and written.' }),
    subject: t.exposeString('subject', { description: "The token's subject." }),
    groups: t.stringList({ description: 'Groups of the subject.', resolve: ({ groups }) => [...groups] }),
    scopes: t.stringList({ description: 'What the token allows.', resolve: ({ scopes }) => [...scopes] }),
  }),
});

builder.queryField('viewer', (t) =>
  t.field({
    type: Viewer,
    description: 'Who you are to this gateway.',
    resolve: async (_root, _args, { deps, principal }) => {
      const who = requirePrincipal(principal);
      await requireServedTenant(deps, who);
      return who;
    },
  }),
);

const Tenant = builder.objectRef<TenantFacts & { readonly id: string }>('Tenant').implement({
  description: 'How much the tenant holds.',
  fields: (t) => ({
    id: t.exposeString('id', { description: 'As the token names it.' }),
    documents: t.exposeInt('documents', { description: 'Documents stored.' }),
    chunks: t.exposeInt('chunks', { description: 'Passages of those documents.' }),
    pendingChunks: t.exposeInt('pendingChunks', { description: 'Passages that still wait for their vector.' }),
    unembeddableChunks: t.exposeInt('unembeddableChunks', {
      description: 'Passages in which the model found nothing that it knows. They are found by their words.',
    }),
  }),
});

builder.queryField('tenant', (t) =>
  t.field({
    type: Tenant,
    description: 'Your tenant, counted.',
    authScopes: { token: 'documents:read' },
    extensions: priced({ points: 20 }),
    resolve: async (_root, _args, { deps, principal }) => {
      const who = requirePrincipal(principal);
      return { id: who.tenantId, ...(await readTenantFacts(deps, who)) };
    },
  }),
);
