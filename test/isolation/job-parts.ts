import { globalId } from '../support/look-alikes.ts';
import type { Draws } from './draws.ts';
import { isStorable } from './hostile-text.ts';
import { bareJobId, checkJob, jobFields, takeJob } from './job-nodes.ts';
import { allOf, type ModelDocument } from './model.ts';
import { noteAudit } from './model-audit.ts';
import { queueAnew } from './model-jobs.ts';
import { fieldOf, type Part, show } from './part.ts';
import { pickId, pickJobId } from './pick-id.ts';
import type { Caller, World } from './world.ts';

/** One job by its id: one's own as it stands, and no other's. */
export function jobPart(world: World, caller: Caller, draws: Draws): Part {
  const id = pickJobId(world, caller, draws);
  return {
    kind: 'job',
    scopes: ['documents:read'],
    field: `job(id: $id) { ${jobFields} }`,
    variables: { id: ['ID!', globalId('Job', id)] },
    check: ({ value }, report) => {
      checkJob(world, caller.tenant, id, value, report);
      return 1;
    },
  };
}

/** The newest jobs of the tenant. */
export function jobsPart(world: World, caller: Caller, draws: Draws): Part {
  const first = draws.chance(0.6) ? 100 : 1 + draws.below(5);
  return {
    kind: 'jobs',
    scopes: ['documents:read'],
    field: `jobs(first: $first) { ${jobFields} }`,
    variables: { first: ['Int', first] },
    check: ({ value }, report) => {
      const jobs = (value ?? []) as unknown[];
      const expected = [...caller.tenant.jobs.keys()].toReversed().slice(0, first);
      for (const [index, job] of jobs.entries()) {
        const id = bareJobId(fieldOf(job, 'id'));
        if (!caller.tenant.jobs.has(id)) report('leak', `${caller.tenant.id} lists the job ${show(job)}`);
        else if (id !== expected[index]) report('other', `the job ${id} stands where ${expected[index]} should be`);
        else checkJob(world, caller.tenant, id, job, report);
      }
      if (jobs.length < expected.length) report('missing', `there are ${jobs.length} jobs of ${expected.length}`);
      return jobs.length;
    },
  };
}

/** A job by what is hardly its id: it is refused, or there is none. */
export function mangledJobPart(world: World, caller: Caller, draws: Draws, text: string): Part {
  const bare = pickJobId(world, caller, draws);
  const id = draws.pick([
    text,
    bare,
    globalId('Document', bare),
    globalId('job', bare),
    globalId('Job', `${bare}' or '1'='1`),
    globalId('Job', `${bare}\0`),
    globalId('Job', text),
    globalId('Job', pickId(world, caller, draws).bare),
  ]);
  return {
    kind: 'mangled job',
    scopes: ['documents:read'],
    alone: true,
    field: `job(id: $id) { ${jobFields} }`,
    variables: { id: ['ID!', id] },
    check: ({ value, codes }, report) => {
      if (codes.some((code) => code !== 'BAD_USER_INPUT')) report('other', `a mangled job id got ${show(codes)}`);
      if (value) report('leak', `a mangled job id got ${show(value)}`);
      return 0;
    },
  };
}

/** Has documents embedded anew, by ids of one's own and of others or by a collection that others have as well. */
export function reembedPart(world: World, caller: Caller, draws: Draws, text: string): Part {
  const { tenant } = caller;
  const ids = draws.chance(0.6)
    ? Array.from({ length: 1 + draws.below(3) }, () => pickId(world, caller, draws).bare)
    : undefined;
  const collection = ids ? undefined : draws.chance(0.2) ? text : draws.pick(world.collections);
  // The database takes no half characters, and the gateway refuses a NUL.
  const isUsable = collection === undefined || isStorable(collection);
  const isMeant = (document: ModelDocument) => ids?.includes(document.id) ?? document.collection === collection;
  return {
    kind: 'reembed',
    scopes: ['documents:write'],
    writes: true,
    alone: true,
    field: `reembed(collection: $collection, ids: $ids) { ... on ReembedPayload { job { ${jobFields} } } ... on Error { code message } }`,
    variables: {
      collection: ['String', collection ?? null],
      ids: ['[ID!]', ids?.map((id) => globalId('Document', id)) ?? null],
    },
    check: ({ value, codes }, report) => {
      if (!isUsable && codes[0] === 'BAD_USER_INPUT') return 0;
      const meant = allOf(tenant).filter(isMeant);
      const answered = fieldOf(value, 'job');
      const isAnswered = codes.length === 0 && answered !== undefined;
      if (!isAnswered || (answered !== null) !== meant.length > 0) {
        const kind = answered ? 'leak' : 'missing';
        report(kind, `embedding ${meant.length} documents anew got ${show(value)} ${show(codes)}`);
        return 0;
      }
      const jobId = takeJob(world, tenant, { kind: 'REEMBED', total: meant.length }, answered, report);
      if (jobId === undefined) return 1;
      queueAnew(tenant, meant, jobId);
      checkJob(world, tenant, jobId, answered, report);
      const targetIds = ids ? meant.map(({ id }) => id) : [collection as string];
      noteAudit(caller, { action: 'reembed', targetKind: ids ? 'document' : 'collection', targetIds });
      return meant.length;
    },
  };
}
