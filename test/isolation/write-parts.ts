import { globalId } from '../support/look-alikes.ts';
import { anyDocument } from './any-document.ts';
import { bareId, nodeFields } from './document-nodes.ts';
import type { Draws } from './draws.ts';
import { checkJob, jobFields, takeJob } from './job-nodes.ts';
import { noteAudit } from './model-audit.ts';
import { applyWrite, type DocumentWrite, predictWrite } from './model-writes.ts';
import { fieldOf, type Part, type Report, show } from './part.ts';
import { pickJobId } from './pick-id.ts';
import type { Caller, World } from './world.ts';
import { checkWritten } from './written-documents.ts';

const writes = ['documents:write'];
const failure = '... on Error { code message }';

/** Writes some documents: new ones, known ones by id and by key, unchanged ones, and others' and broken ones. */
export function upsertPart(world: World, caller: Caller, draws: Draws, text: string): Part {
  const isSmall = caller.tenant.documents.size < 12;
  const isBroken = !isSmall && draws.chance(0.3);
  const inputs = Array.from({ length: isSmall ? 6 : 1 + draws.below(3) }, () =>
    anyDocument(world, caller, draws, text, isBroken),
  );
  const job = !isSmall && draws.chance(0.15) ? pickJobId(world, caller, draws) : undefined;
  return writePart(world, caller, inputs, job);
}

function writePart(world: World, caller: Caller, inputs: readonly DocumentWrite[], job: string | undefined): Part {
  const { tenant } = caller;
  const predicted = predictWrite(tenant, inputs);
  const isStrange = job !== undefined && tenant.jobs.get(job)?.kind !== 'WRITE';
  return {
    kind: 'upsert',
    scopes: writes,
    writes: true,
    field: `upsertDocuments(input: $input, job: $job) { ... on UpsertDocumentsPayload { job { ${jobFields} } documents { id status version document { ${nodeFields(caller)} } } } ... on InvalidDocumentError { index } ${failure} }`,
    variables: {
      input: [
        '[UpsertDocumentInput!]!',
        inputs.map(({ id, ...rest }) => ({ ...rest, ...(id !== undefined && { id: globalId('Document', id) }) })),
      ],
      job: ['ID', job === undefined ? null : globalId('Job', job)],
    },
    check: ({ value, codes }, report) => {
      const written = fieldOf(value, 'documents') as { id: string; document: unknown }[] | undefined;
      if ('fault' in predicted) {
        if (written)
          report('leak', `a write was done that must be refused for its document ${predicted.fault}: ${show(value)}`);
        else if (fieldOf(value, 'index') !== predicted.fault)
          report(
            'other',
            `a write was refused with ${show(value)} ${show(codes)}, not for its document ${predicted.fault}`,
          );
        return 0;
      }
      if (isStrange) {
        if (written || codes[0] !== 'BAD_USER_INPUT')
          report('leak', `a write for the job ${job}, which is not there, got ${show(value)} ${show(codes)}`);
        return 0;
      }
      if (!written) {
        report('missing', `a write was refused: ${show(value)} ${show(codes)}`);
        return 0;
      }
      const { outcomes } = predicted;
      const ids = written.map(({ id }) => bareId(id));
      for (const [index, { document }] of outcomes.entries())
        if (document.id === '') checkNew(world, ids[index] as string, report);
      const total = outcomes.filter(({ isQueued }) => isQueued).length;
      const answered = fieldOf(value, 'job');
      const jobId = takeJob(world, tenant, { kind: 'WRITE', total, job }, answered, report);
      applyWrite(tenant, outcomes, ids, jobId);
      if (jobId !== undefined) checkJob(world, tenant, jobId, answered, report);
      checkWritten(caller, outcomes, ids, written, report);
      for (const id of ids) world.owners.set(id, { tenant, documentId: id });
      const changed = ids.filter((_, index) => outcomes[index]?.status !== 'UNCHANGED');
      if (changed.length > 0)
        noteAudit(caller, { action: 'upsertDocuments', targetKind: 'document', targetIds: changed });
      return written.length;
    },
  };
}

function checkNew(world: World, id: string, report: Report): void {
  if (world.owners.has(id)) report('leak', `a new document has the id ${id}, which is taken`);
}
