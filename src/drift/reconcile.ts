import type { TenantId } from '../ids.ts';
import { type Drift, type DriftKind, driftKinds } from './drift.ts';
import { findDrift } from './find-drift.ts';
import { noteLook } from './look-notes.ts';
import { type MendDeps, mendDrift } from './mend-drift.ts';

/** How much of one kind is out of step in a tenant. */
export interface DriftCount {
  readonly kind: DriftKind;
  /** Documents, chunks or vectors. */
  readonly count: number;
  /** Since when the oldest may have been. */
  readonly since: Date;
}

/** What is mended in one transaction. */
const batchSize = 500;

/**
 * Counts what is out of step in a tenant, kind by kind, mends it where that is wanted, and notes what is left.
 * @returns nothing for a tenant that is in step.
 */
export async function reconcile(
  deps: MendDeps,
  tenantId: TenantId,
  options: { readonly mend: boolean; readonly signal?: AbortSignal },
): Promise<DriftCount[]> {
  const counts = new Map<DriftKind, { count: number; since: Date }>();
  let batch: Drift[] = [];
  const mendBatch = async () => {
    if (options.mend && batch.length > 0) await mendDrift(deps, tenantId, batch);
    batch = [];
  };
  for await (const drift of findDrift(deps, tenantId)) {
    options.signal?.throwIfAborted();
    const known = counts.get(drift.kind);
    const since = known && known.since < drift.since ? known.since : drift.since;
    counts.set(drift.kind, { count: (known?.count ?? 0) + 1, since });
    batch.push(drift);
    if (batch.length === batchSize) await mendBatch();
  }
  await mendBatch();
  const found = driftKinds.flatMap((kind) => {
    const ofKind = counts.get(kind);
    return ofKind ? [{ kind, ...ofKind }] : [];
  });
  await noteLook(deps.database, tenantId, options.mend ? [] : found);
  return found;
}
