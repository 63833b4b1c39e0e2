import type { DocumentFilter } from '../../src/filter.ts';
import { globalId } from '../support/look-alikes.ts';
import { bareId } from './document-nodes.ts';
import type { Draws } from './draws.ts';
import { anyFilter } from './filters.ts';
import { checkJob, jobFields, takeJob } from './job-nodes.ts';
import { allOf, filtered } from './model.ts';
import { noteAudit } from './model-audit.ts';
import { applyDelete } from './model-writes.ts';
import { fieldOf, type Part, show } from './part.ts';
import { mangledId, pickId } from './pick-id.ts';
import { type Caller, othersOf, type World } from './world.ts';

const writes = ['documents:write'];

/** Deletes documents by ids of one's own and of others, now and then for good. */
export function deletePart(world: World, caller: Caller, draws: Draws): Part {
  const { tenant } = caller;
  const picked = Array.from({ length: 1 + draws.below(3) }, () => pickId(world, caller, draws));
  const permanently = draws.chance(0.2);
  const ids = [...new Set(picked.map(({ bare }) => bare))];
  const isThere = (id: string) => tenant.documents.has(id) || (permanently && tenant.deleted.has(id));
  return {
    kind: 'delete',
    scopes: writes,
    writes: true,
    field: 'deleteDocuments(ids: $ids, permanently: $permanently) { deletedIds }',
    variables: { ids: ['[ID!]!', picked.map(({ id }) => id)], permanently: ['Boolean', permanently] },
    check: ({ value, codes }, report) => {
      const expected = ids.filter(isThere);
      const deleted = ((fieldOf(value, 'deletedIds') ?? []) as string[]).map(bareId);
      for (const id of deleted) if (!expected.includes(id)) report('leak', `${id} was deleted by ${tenant.id}`);
      if (expected.some((id) => !deleted.includes(id)))
        report('missing', `${expected} should be deleted, and ${deleted} ${codes} were`);
      for (const id of expected) {
        applyDelete(tenant, id);
        if (permanently) tenant.deleted.delete(id);
      }
      if (expected.length > 0)
        noteAudit(caller, { action: 'deleteDocuments', targetKind: 'document', targetIds: expected });
      return picked.length;
    },
  };
}

/** Deletes by what is hardly an id, which is of no effect. */
export function mangledDeletePart(world: World, caller: Caller, draws: Draws, text: string): Part {
  const id = mangledId(world, caller, draws, text);
  return {
    kind: 'mangled delete',
    scopes: writes,
    writes: true,
    alone: true,
    field: 'deleteDocuments(ids: $ids) { deletedIds }',
    variables: { ids: ['[ID!]!', [id]] },
    check: ({ value, codes }, report) => {
      if (codes.some((code) => code !== 'BAD_USER_INPUT')) report('other', `a mangled id got ${show(codes)}`);
      for (const deleted of ((fieldOf(value, 'deletedIds') ?? []) as string[]).map(bareId)) {
        if (!caller.tenant.documents.has(deleted)) report('leak', `${deleted} was deleted by ${caller.tenant.id}`);
        applyDelete(caller.tenant, deleted);
        noteAudit(caller, { action: 'deleteDocuments', targetKind: 'document', targetIds: [deleted] });
      }
      return 0;
    },
  };
}

/** Deletes what a filter selects: of one's own tenant, hidden documents included, and nothing else. */
export function deleteByFilterPart(world: World, caller: Caller, draws: Draws, text: string): Part {
  const { tenant } = caller;
  const filter = deletingFilter(world, caller, draws, text);
  const isEmpty = JSON.stringify(filter).match(/"(eq|neq|in|is|startsWith|gte)":/) === null;
  return {
    kind: 'deleteByFilter',
    scopes: writes,
    writes: true,
    field: `deleteByFilter(filter: $filter) { deleted hasMore job { ${jobFields} } }`,
    variables: { filter: ['DocumentFilter!', filter] },
    check: ({ value, codes }, report) => {
      if (isEmpty) {
        if (value || codes[0] !== 'BAD_USER_INPUT')
          report('other', `a deletion of everything got ${show(value)} ${show(codes)}`);
        return 0;
      }
      const expected = filtered(tenant, allOf(tenant), filter).map(({ id }) => id);
      const deleted = Number(fieldOf(value, 'deleted'));
      if (deleted !== expected.length || fieldOf(value, 'hasMore') !== false || fieldOf(value, 'job') !== null)
        report(
          deleted > expected.length ? 'leak' : 'missing',
          `a deletion is ${show(value)} ${show(codes)}, and should be of ${show(expected)}`,
        );
      for (const id of expected) applyDelete(tenant, id);
      if (expected.length > 0)
        noteAudit(caller, { action: 'deleteByFilter', targetKind: 'document', targetIds: expected });
      return Math.max(1, expected.length);
    },
  };
}

/** Mostly of a few documents, be they others': what deletes half a tenant is soon all that happens. */
function deletingFilter(world: World, caller: Caller, draws: Draws, text: string): DocumentFilter {
  if (draws.chance(0.1)) return draws.pick<DocumentFilter>([{}, { and: [] }, { not: {} }, { and: [{}, { or: [] }] }]);
  const any = anyFilter(world, caller, draws, text);
  if (draws.chance(0.15)) return any;
  const from = draws.chance(0.7) ? [caller.tenant] : othersOf(world, caller);
  const documents = from.flatMap(allOf);
  if (documents.length === 0) return any;
  const titles = Array.from({ length: 1 + draws.below(3) }, () => draws.pick(documents).title);
  const few: DocumentFilter = { title: { in: titles } };
  return draws.pick<DocumentFilter>([few, { and: [few, any] }, { and: [few, { not: any }] }]);
}

/** Brings deleted documents back: one's own, and neither others' nor those that are there. */
export function restorePart(world: World, caller: Caller, draws: Draws): Part {
  const { tenant } = caller;
  const own = [...tenant.deleted.keys()];
  const foreign = othersOf(world, caller).flatMap(({ deleted }) => [...deleted.keys()]);
  const pick = () => {
    const share = draws.below(100);
    if (share < 50 && own.length > 0) return draws.pick(own);
    if (share < 80 && foreign.length > 0) return draws.pick(foreign);
    return pickId(world, caller, draws).bare;
  };
  const ids = Array.from({ length: 1 + draws.below(3) }, pick);
  return {
    kind: 'restore',
    scopes: writes,
    writes: true,
    field: `restoreDocuments(ids: $ids) { ... on RestoreDocumentsPayload { restoredIds job { ${jobFields} } } ... on Error { code message } }`,
    variables: { ids: ['[ID!]!', ids.map((id) => globalId('Document', id))] },
    check: ({ value, codes }, report) => {
      const expected = [...new Set(ids)].filter((id) => tenant.deleted.has(id));
      const restored = ((fieldOf(value, 'restoredIds') ?? []) as string[]).map(bareId);
      for (const id of restored) if (!expected.includes(id)) report('leak', `${id} was restored by ${tenant.id}`);
      if (expected.some((id) => !restored.includes(id)))
        report('missing', `${expected} should be restored, and ${restored} ${show(value)} ${codes} were`);
      if (expected.length === 0) return ids.length;
      const answered = fieldOf(value, 'job');
      const jobId = takeJob(world, tenant, { kind: 'WRITE', total: expected.length }, answered, report) as string;
      for (const id of expected) {
        const document = tenant.deleted.get(id);
        if (!document) continue;
        tenant.documents.set(id, { ...document, version: document.version + 1, duty: { jobId, isDead: false } });
        tenant.deleted.delete(id);
      }
      checkJob(world, tenant, jobId, answered, report);
      noteAudit(caller, { action: 'restoreDocuments', targetKind: 'document', targetIds: expected });
      return ids.length;
    },
  };
}
