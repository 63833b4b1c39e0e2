import { type Job as JobShape, readJobs } from '../ingest/read-jobs.ts';
import type { Told } from '../updates/news-stream.ts';
import { builder } from './builder.ts';
import { forgetLoaded, type RequestContext, requirePrincipal } from './context.ts';
import { readJobGlobalId } from './global-ids.ts';
import { Job } from './job.ts';
import { priced } from './price.ts';

/** A job as it stands; null where there is none. */
interface Standing {
  readonly job: JobShape | null;
}

builder.subscriptionField('jobProgress', (t) =>
  t.field({
    type: Job,
    nullable: true,
    description:
      'How far a job is: at once as it stands, then whenever more of it is done or has failed, and last when it is finished, which ends it. Null, and the end, for a job that does not exist for this tenant. For example `subscription { jobProgress(id: "...") { status done total secondsLeft } }`.',
    authScopes: { token: 'documents:read' },
    extensions: priced({ points: 2 }),
    args: { id: t.arg.id({ required: true, description: 'As `Job.id` gave it.' }) },
    subscribe: (_root, { id }, context) => watchJob(context, String(id)),
    resolve: (told, _args, { loaders }) => {
      forgetLoaded(loaders);
      if ('news' in told) return told.news.job;
      throw told.fault;
    },
  }),
);

function watchJob(
  { deps, depsFor, principal: caller, signal, authenticateAgain }: RequestContext,
  globalId: string,
): Promise<AsyncIterable<Told<Standing>>> {
  const principal = requirePrincipal(caller);
  const { tenantId, subject, groups } = principal;
  const id = readJobGlobalId(globalId);
  let before: string | undefined;
  const question = {
    tenantId,
    key: JSON.stringify(['jobProgress', tenantId, subject, groups, id]),
    ask: async (until: AbortSignal): Promise<Standing> => {
      const [job = null] = await readJobs(depsFor(until), principal, [id]);
      return { job };
    },
    tell: ({ job }: Standing): Standing | undefined => {
      const now = JSON.stringify(job && [job.status, job.total, job.done, job.failed]);
      if (now === before) return undefined;
      before = now;
      return { job };
    },
    isLast: ({ job }: Standing) => job?.status !== 'RUNNING',
    checkCaller: authenticateAgain,
  };
  return deps.watches.open(question, signal);
}
