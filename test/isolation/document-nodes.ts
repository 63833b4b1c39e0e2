import { isDeepStrictEqual } from 'node:util';
import { globalId } from '../support/look-alikes.ts';
import { type ModelDocument, maySee, ruleText } from './model.ts';
import { fieldOf, type Report, show } from './part.ts';
import type { Caller, World } from './world.ts';

/** Fields of a document that a caller may ask for. */
export function nodeFields({ scopes }: Caller): string {
  const body = scopes.includes('documents:read') ? ' body' : '';
  const acl = scopes.includes('documents:write') ? ' acl { users groups }' : '';
  return `id externalId collection title metadata status version pendingChunks${body}${acl}`;
}

/** Holds a document of an answer to the model's, and counts it as a row. */
export function checkNode(caller: Caller, expected: ModelDocument, value: unknown, report: Report): number {
  const { id, externalId, collection, title, body, metadata, status, version, duty, acl } = expected;
  const wanted = {
    id: globalId('Document', id),
    externalId,
    collection,
    title,
    metadata,
    status,
    version,
    pendingChunks: duty && !duty.isDead ? 1 : 0,
  };
  const { body: gotBody, acl: gotAcl, ...rest } = value as Record<string, unknown>;
  if (!isDeepStrictEqual({ ...rest }, wanted))
    report('other', `a document is ${show(rest)} and should be ${show(wanted)}`);
  if (gotBody !== undefined && gotBody !== body)
    report('other', `a body is ${show(gotBody)} and should be ${show(body)}`);
  if (gotAcl !== undefined && (gotAcl && ruleText(gotAcl as never)) !== (acl ? ruleText(acl) : null))
    report('other', `an access list is ${show(gotAcl)} and should be ${show(acl)} for ${caller.subject}`);
  return 1;
}

/** The bare id in a document's global id. */
export function bareId(globalDocumentId: unknown): string {
  return Buffer.from(String(globalDocumentId), 'base64').toString().slice('Document:'.length);
}

export interface SetRule {
  /** Items of a page; fewer than there are documents may come then. */
  readonly most?: number;
  /** In the order of the expected ones. */
  readonly ordered?: boolean;
  /** May be there besides. */
  readonly optional?: readonly ModelDocument[];
}

/** Holds a list of documents to those that the model expects: none besides, and none missing. */
export function checkNodes(
  world: World,
  caller: Caller,
  expected: readonly ModelDocument[],
  nodes: readonly unknown[],
  report: Report,
  rule: SetRule = {},
): number {
  const byId = new Map([...expected, ...(rule.optional ?? [])].map((document) => [document.id, document]));
  const ids = nodes.map((node) => bareId(fieldOf(node, 'id')));
  for (const [index, id] of ids.entries()) {
    const document = byId.get(id);
    if (document) checkNode(caller, document, nodes[index], report);
    else reportStranger(world, caller, id, report);
  }
  checkIds(
    expected.map(({ id }) => id),
    ids,
    report,
    rule,
  );
  return ids.length;
}

/** Holds ids to the expected ones as a set, or as a list. */
export function checkIds(
  expected: readonly string[],
  ids: readonly string[],
  report: Report,
  { most = Number.POSITIVE_INFINITY, ordered = false, optional = [] }: SetRule = {},
): void {
  const got = new Set(ids);
  if (got.size !== ids.length) report('other', `there are repetitions in ${show(ids)}`);
  const isWhole = expected.length + optional.length <= most;
  const gone = isWhole ? expected.filter((id) => !got.has(id)) : [];
  if (gone.length > 0) report('missing', `${show(gone)} are missing among ${show(ids)}`);
  if (ids.length < Math.min(expected.length, most)) report('missing', `there are ${ids.length} of ${expected.length}`);
  if (ids.length > most) report('other', `there are ${ids.length} where ${most} were asked for`);
  if (ordered && !isDeepStrictEqual(ids, expected.slice(0, most)))
    report('other', `the list is ${show(ids)} and should be ${show(expected.slice(0, most))}`);
}

/** Reports a document that an answer should not have. */
export function reportStranger(world: World, caller: Caller, id: string, report: Report): void {
  const owner = world.owners.get(id);
  const document = caller.tenant.documents.get(owner?.documentId ?? id);
  if (owner && owner.tenant !== caller.tenant) report('leak', `${caller.tenant.id} got ${id} of ${owner.tenant.id}`);
  else if (document && !maySee(caller, document.acl))
    report('leak', `${caller.subject} got ${id}, which is hidden: ${show(document.acl)}`);
  else report('other', `${caller.subject} of ${caller.tenant.id} got ${id}, which is not asked for or not there`);
}
