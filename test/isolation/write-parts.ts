import { globalId } from '../support/look-alikes.ts';
import { anyDocument } from './any-document.ts';
import { bareId, checkNode, nodeFields } from './document-nodes.ts';
import type { Draws } from './draws.ts';
import { maySee } from './model.ts';
import { applyDelete, applyWrite, type DocumentWrite, predictWrite } from './model-writes.ts';
import { fieldOf, type Part, type Report, show } from './part.ts';
import { mangledId, pickId } from './pick-id.ts';
import type { Caller, World } from './world.ts';

const writes = ['documents:write'];
const failure = '... on Error { code message }';

/** Writes some documents: new ones, known ones by id and by key, unchanged ones, and others' and broken ones. */
export function upsertPart(world: World, caller: Caller, draws: Draws, text: string): Part {
  const isSmall = caller.tenant.documents.size < 12;
  const isBroken = !isSmall && draws.chance(0.3);
  const inputs = Array.from({ length: isSmall ? 6 : 1 + draws.below(3) }, () =>
    anyDocument(world, caller, draws, text, isBroken),
  );
  return writePart(world, caller, inputs);
}

function writePart(world: World, caller: Caller, inputs: readonly DocumentWrite[]): Part {
  const { tenant } = caller;
  const predicted = predictWrite(tenant, inputs);
  return {
    kind: 'upsert',
    scopes: writes,
    writes: true,
    field: `upsertDocuments(input: $input) { ... on UpsertDocumentsPayload { documents { id status version document { ${nodeFields(caller)} } } } ... on InvalidDocumentError { index } ${failure} }`,
    variables: {
      input: [
        '[UpsertDocumentInput!]!',
        inputs.map(({ id, ...rest }) => ({ ...rest, ...(id !== undefined && { id: globalId('Document', id) }) })),
      ],
    },
    check: ({ value, codes }, report) => {
      const written = fieldOf(value, 'documents') as
        | { id: string; status: string; version: number; document: unknown }[]
        | undefined;
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
      if (!written) {
        report('missing', `a write was refused: ${show(value)} ${show(codes)}`);
        return 0;
      }
      const ids = written.map(({ id }) => bareId(id));
      applyWrite(tenant, predicted.outcomes, ids);
      for (const [index, { status, document: foretold }] of predicted.outcomes.entries()) {
        const got = written[index];
        const id = ids[index] as string;
        if (foretold.id === '') checkNew(world, id, report);
        else if (foretold.id !== id) report('leak', `the write of ${foretold.id} went to ${id}`);
        if (got?.status !== status || got.version !== foretold.version)
          report('other', `a write is ${show(got)}, not ${status} as version ${foretold.version}`);
        world.owners.set(id, { tenant, documentId: id });
        const isVisible = maySee(caller, foretold.acl);
        if (isVisible && got?.document) checkNode(caller, { ...foretold, id }, got.document, report);
        else if (isVisible) report('missing', `a written document is not shown: ${show(got)}`);
        else if (got?.document) report('leak', `a written document is shown to whom it hides from: ${show(got)}`);
      }
      return written.length;
    },
  };
}

function checkNew(world: World, id: string, report: Report): void {
  if (world.owners.has(id)) report('leak', `a new document has the id ${id}, which is taken`);
}

/** Deletes documents by ids of one's own and of others. */
export function deletePart(world: World, caller: Caller, draws: Draws): Part {
  const { tenant } = caller;
  const ids = Array.from({ length: 1 + draws.below(3) }, () => pickId(world, caller, draws));
  return {
    kind: 'delete',
    scopes: writes,
    writes: true,
    field: 'deleteDocuments(ids: $ids) { deletedIds }',
    variables: { ids: ['[ID!]!', ids.map(({ id }) => id)] },
    check: ({ value, codes }, report) => {
      const expected = [...new Set(ids.map(({ bare }) => bare))].filter((id) => tenant.documents.has(id));
      const deleted = ((fieldOf(value, 'deletedIds') ?? []) as string[]).map(bareId);
      for (const id of deleted) if (!expected.includes(id)) report('leak', `${id} was deleted by ${tenant.id}`);
      if (expected.some((id) => !deleted.includes(id)))
        report('missing', `${expected} should be deleted, and ${deleted} ${codes} were`);
      for (const id of expected) {
        applyDelete(tenant, id);
      }
      return ids.length;
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
      }
      return 0;
    },
  };
}
