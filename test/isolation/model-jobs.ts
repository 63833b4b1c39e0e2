import type { ModelDocument, ModelTenant } from './model.ts';

/** A job as it is answered. */
export interface JobNow {
  readonly kind: string;
  readonly status: 'RUNNING' | 'FINISHED';
  readonly total: number;
  readonly done: number;
  readonly failed: number;
}

/** How far a job of the model is; undefined for one that is another tenant's or nobody's. */
export function jobNow(tenant: ModelTenant, id: string): JobNow | undefined {
  const job = tenant.jobs.get(id);
  if (!job) return undefined;
  const { kind, total } = job;
  const own = [...tenant.documents.values()].filter(({ duty }) => duty?.jobId === id);
  const failed = own.filter(({ duty }) => duty?.isDead).length;
  // What was replaced or deleted before its turn is as good as done.
  if (failed === own.length) return { kind, status: 'FINISHED', total, done: total - failed, failed };
  return { kind, status: 'RUNNING', total, done: Math.min(job.done, total), failed };
}

/** Has documents of the model wait for new vectors, dead letters included. */
export function queueAnew(tenant: ModelTenant, documents: readonly ModelDocument[], jobId: string): void {
  for (const document of documents) tenant.documents.set(document.id, { ...document, duty: { jobId, isDead: false } });
}

/** Embeds all that waits. */
export function applyDrain(tenant: ModelTenant): void {
  for (const [id, document] of tenant.documents) {
    const { duty } = document;
    if (!duty || duty.isDead) continue;
    const job = tenant.jobs.get(duty.jobId);
    if (job) job.done++;
    tenant.documents.set(id, { ...document, pending: false, duty: undefined });
  }
}

/** Documents whose passages the provider refused for good. */
export function deadOf(documents: readonly ModelDocument[]): ModelDocument[] {
  return documents.filter(({ duty }) => duty?.isDead);
}
