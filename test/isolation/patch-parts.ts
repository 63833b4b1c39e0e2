import { globalId } from '../support/look-alikes.ts';
import { anyMetadata, anyRule } from './any-document.ts';
import { bareId, nodeFields } from './document-nodes.ts';
import type { Draws } from './draws.ts';
import { isName, isStorable } from './hostile-text.ts';
import { allOf, ruleText } from './model.ts';
import { noteAudit } from './model-audit.ts';
import { type DocumentPatch, predictPatch } from './model-patches.ts';
import { applyWrite } from './model-writes.ts';
import { fieldOf, type Part, show } from './part.ts';
import { mangledId, pickId } from './pick-id.ts';
import type { Caller, World } from './world.ts';
import { checkWritten } from './written-documents.ts';

const failures =
  '... on InvalidDocumentError { index } ... on VersionConflictError { index currentVersion } ... on Error { code message }';

/** Changes what documents carry beside their text: lists above all, of one's own documents and of others'. */
export function patchPart(world: World, caller: Caller, draws: Draws, text: string): Part {
  const { tenant } = caller;
  const isBroken = draws.chance(0.25);
  const isOne = draws.chance(0.5);
  const patches = Array.from({ length: isOne ? 1 : 1 + draws.below(3) }, () =>
    anyPatch(world, caller, draws, text, isBroken),
  );
  const inputs = patches.map(({ id, ...rest }) => ({ id: globalId('Document', id), ...rest }));
  const written = `id status version document { ${nodeFields(caller)} }`;
  const predicted = predictPatch(tenant, patches);
  return {
    kind: isOne ? 'patchDocument' : 'patchDocuments',
    scopes: ['documents:write'],
    writes: true,
    field: isOne
      ? `patchDocument(input: $input) { ... on UpsertedDocument { ${written} } ${failures} }`
      : `patchDocuments(input: $input) { ... on PatchDocumentsPayload { documents { ${written} } } ${failures} }`,
    variables: { input: isOne ? ['PatchDocumentInput!', inputs[0]] : ['[PatchDocumentInput!]!', inputs] },
    check: ({ value, codes }, report) => {
      const isDone = fieldOf(value, 'code') === undefined && value !== null && codes.length === 0;
      const values = isOne ? [value] : ((fieldOf(value, 'documents') ?? []) as unknown[]);
      if ('fault' in predicted) {
        const { fault, currentVersion } = predicted;
        if (isDone) report('leak', `a patch was done that must be refused for its document ${fault}: ${show(value)}`);
        else if (fieldOf(value, 'index') !== fault || fieldOf(value, 'currentVersion') !== currentVersion)
          report('other', `a patch was refused with ${show(value)} ${show(codes)}, not with ${show(predicted)}`);
        return 0;
      }
      if (!isDone) {
        report('missing', `a patch was refused: ${show(value)} ${show(codes)}`);
        return 0;
      }
      const { outcomes } = predicted;
      const ids = values.map((one) => bareId(fieldOf(one, 'id')));
      applyWrite(
        tenant,
        outcomes,
        outcomes.map(({ document }) => document.id),
        undefined,
      );
      checkWritten(caller, outcomes, ids, values, report);
      const changed = outcomes.flatMap(({ status, document }) => (status === 'UPDATED' ? [document.id] : []));
      const action = isOne ? 'patchDocument' : 'patchDocuments';
      if (changed.length > 0) noteAudit(caller, { action, targetKind: 'document', targetIds: changed });
      return values.length;
    },
  };
}

/** Lists most of all: given, taken away, left as they are. */
function anyPatch(world: World, caller: Caller, draws: Draws, text: string, isBroken: boolean): DocumentPatch {
  const own = allOf(caller.tenant);
  const isKnown = !isBroken && own.length > 0;
  const id = isKnown ? draws.pick(own).id : pickId(world, caller, draws).bare;
  const given = isBroken || (isStorable(text) && text.trim() !== '' && text.length <= 64) ? text : 'draft';
  const list = () => anyRule(world, draws, isBroken || isName(text) ? text : 'ann');
  const version = caller.tenant.documents.get(id)?.version ?? 0;
  return {
    id,
    ...(draws.chance(0.6) && { acl: draws.chance(0.3) ? null : list() }),
    ...(draws.chance(0.25) && { metadata: draws.chance(0.1) ? null : anyMetadata(draws, given, isBroken) }),
    ...(draws.chance(0.25) && { mergeMetadata: anyMetadata(draws, given, isBroken) }),
    ...(draws.chance(0.25) && { status: draws.pick(['published', 'draft', given, null]) }),
    ...(draws.chance(0.1) && { ifVersion: draws.pick([version, version, 0, 1, version + 1]) }),
  };
}

/** Patches what is hardly a document: one of the tenant's own at most. */
export function mangledPatchPart(world: World, caller: Caller, draws: Draws, text: string): Part {
  const { tenant } = caller;
  const list = { users: [draws.pick(world.subjects)] };
  return {
    kind: 'mangled patch',
    scopes: ['documents:write'],
    writes: true,
    alone: true,
    field: `patchDocument(input: $input) { ... on UpsertedDocument { id version } ${failures} }`,
    variables: { input: ['PatchDocumentInput!', { id: mangledId(world, caller, draws, text), acl: list }] },
    check: ({ value, codes }, report) => {
      if (codes.some((code) => code !== 'BAD_USER_INPUT')) report('other', `a mangled id got ${show(codes)}`);
      if (fieldOf(value, 'version') === undefined) return 0;
      const id = bareId(fieldOf(value, 'id'));
      const document = tenant.documents.get(id.toLowerCase());
      if (!document) report('leak', `${id} was patched by ${tenant.id}`);
      if (!document || (document.acl && ruleText(document.acl) === ruleText({ groups: [], ...list }))) return 1;
      const acl = { groups: [], ...list };
      tenant.documents.set(document.id, { ...document, acl, version: document.version + 1 });
      tenant.rules.add(ruleText(acl));
      noteAudit(caller, { action: 'patchDocument', targetKind: 'document', targetIds: [document.id] });
      return 1;
    },
  };
}
