import { type OwnModel, readOwnModels } from '../models/own-models.ts';
import { builder } from './builder.ts';
import { requirePrincipal } from './context.ts';
import { priced } from './price.ts';
import { TierEnum } from './tenant-tier.ts';

const ModelRoleEnum = builder.enumType('ModelRole', {
  description: 'What an embedding model is to a tenant.',
  values: {
    ACTIVE: { value: 'active', description: 'Searches look at its vectors.' },
    CANDIDATE: { value: 'candidate', description: 'Its vectors are made beside those of the active one.' },
    RETIRED: {
      value: 'retired',
      description: 'It was active, or was to be. Its vectors are being erased, or are gone.',
    },
  } satisfies Record<Uppercase<OwnModel['role']>, { value: OwnModel['role']; description: string }>,
});

const Model = builder.objectRef<OwnModel>('Model').implement({
  description: 'An embedding model, as a tenant has it. Vectors of two models are never compared.',
  fields: (t) => ({
    name: t.exposeString('name', {
      description: 'As the gateway is configured for it, such as `text-embedding-3-small`.',
    }),
    dimensions: t.exposeInt('dimensions', {
      description: 'Components of its vectors, as `SearchInput.vector` takes them.',
    }),
    role: t.expose('role', { type: ModelRoleEnum, description: 'What it is to the tenant.' }),
    tier: t.expose('tier', { type: TierEnum, description: 'How its vectors are indexed.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'Since when the tenant has it.' }),
  }),
});

builder.queryField('models', (t) =>
  t.field({
    type: [Model],
    description: "The tenant's embedding models, the active one first; none before the first document.",
    authScopes: { token: 'documents:read' },
    extensions: priced({ points: 2, list: { otherwise: 2 } }),
    resolve: async (_root, _args, { deps, principal }) => [...(await readOwnModels(deps, requirePrincipal(principal)))],
  }),
);
