import { builder } from './builder.ts';

/** How a tenant's vectors are indexed: decision 3. */
export const TierEnum = builder.enumType('TenantTier', {
  description: "How a tenant's vectors are indexed.",
  values: {
    EXACT: { value: 'exact', description: 'All are read from a covering index.' },
    HNSW: { value: 'hnsw', description: 'It has a graph of its own.' },
  } as const,
});
