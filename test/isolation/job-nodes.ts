import { isDeepStrictEqual } from 'node:util';
import { globalId } from '../support/look-alikes.ts';
import type { ModelTenant } from './model.ts';
import { jobNow } from './model-jobs.ts';
import { fieldOf, type Report, show } from './part.ts';
import type { World } from './world.ts';

/** Fields of a job that everybody who reads may ask for. */
export const jobFields = 'id kind status total done failed';

/** Holds a job of an answer to the model's; null where it is not the tenant's. */
export function checkJob(world: World, tenant: ModelTenant, id: string, value: unknown, report: Report): void {
  const now = jobNow(tenant, id);
  const wanted = now ? { id: globalId('Job', id), ...now } : null;
  if (isDeepStrictEqual(value && { ...value }, wanted)) return;
  const owner = world.owners.get(id);
  const kind = value && owner && owner.tenant !== tenant ? 'leak' : value ? 'other' : 'missing';
  report(kind, `a job is ${show(value)} and should be ${show(wanted)}`);
}

/** The bare id in a job's global id. */
export function bareJobId(value: unknown): string {
  return Buffer.from(String(value), 'base64').toString().slice('Job:'.length);
}

/**
 * Takes the job that a write answered with into the model.
 * @param total of its passages; none are no job.
 * @param job that it was to be a part of.
 * @returns its bare id.
 */
export function takeJob(
  world: World,
  tenant: ModelTenant,
  {
    kind,
    total,
    job,
  }: { readonly kind: 'WRITE' | 'REEMBED'; readonly total: number; readonly job?: string | undefined },
  value: unknown,
  report: Report,
): string | undefined {
  if (total === 0 && job === undefined) {
    if (value !== null) report('other', `a write of nothing has the job ${show(value)}`);
    return undefined;
  }
  const id = bareJobId(fieldOf(value, 'id'));
  const known = tenant.jobs.get(id);
  if (job !== undefined && id !== job) report('leak', `a write for the job ${job} became part of ${show(value)}`);
  if (known && job === undefined) report('other', `a write became part of the job ${show(value)}`);
  if (!known && world.owners.has(id)) report('leak', `a new job has the id ${id}, which is taken`);
  if (known) known.total += total;
  else tenant.jobs.set(id, { id, kind, total, done: 0 });
  world.owners.set(id, { tenant });
  return id;
}
