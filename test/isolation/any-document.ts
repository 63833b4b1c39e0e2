import type { Draws } from './draws.ts';
import { isName, isStorable } from './hostile-text.ts';
import { type AccessRule, allOf, type ModelDocument } from './model.ts';
import type { DocumentWrite } from './model-writes.ts';
import { pickId } from './pick-id.ts';
import { vocabulary } from './plain-query.ts';
import { type Caller, othersOf, type World } from './world.ts';

/** Documents of a tenant at most, so that one page of a search can hold all of them. */
const mostDocuments = 30;

/**
 * A document to be written, with a marker of its tenant and one of its own in it.
 * @param isBroken with what must be refused or belongs to others: ids, names that are none, metadata of other types.
 */
export function anyDocument(
  world: World,
  caller: Caller,
  draws: Draws,
  text: string,
  isBroken: boolean,
): DocumentWrite {
  const { tenant } = caller;
  const own = allOf(tenant);
  world.writes++;
  // The parser must take each for one word, and no two documents have the same.
  const marker = `dc${tenant.marker.slice(2)}v${world.writes}`;
  const words = Array.from({ length: 3 }, () => draws.pick(vocabulary));
  const tail = draws.chance(0.2) ? ` ${text.replaceAll(/[<>&]/g, '')}` : '';
  const given = isBroken || (isStorable(text) && text.trim() !== '' && text.length <= 64) ? text : 'draft';
  const fresh: DocumentWrite = {
    collection: draws.chance(isBroken ? 0.2 : 0.03) ? given : draws.pick(world.collections),
    title: `${draws.pick(vocabulary)} ${marker}${isBroken || isStorable(tail) ? tail : ''}`,
    body: `${words.join(' ')} ${tenant.marker} ${marker}`,
    metadata: anyMetadata(draws, given, isBroken),
    ...(draws.chance(0.5) && { status: draws.pick(['published', 'draft', 'draft', given]) }),
    ...(draws.chance(0.5) && { acl: anyRule(world, draws, isBroken || isName(text) ? text : 'ann') }),
  };
  const share = draws.below(100);
  const knownId = () => (isBroken || own.length === 0 ? pickId(world, caller, draws).bare : draws.pick(own).id);
  if (own.length >= mostDocuments || (own.length > 8 && share < 45) || (isBroken && share < 60)) {
    if (share < 15 && own.length > 0) return copyOf(draws.pick(own), fresh, draws);
    if (share < 20) return { ...fresh, id: knownId(), externalId: anyKey(world, caller, draws, given) };
    return { ...fresh, id: knownId() };
  }
  return share < 80 ? { ...fresh, externalId: anyKey(world, caller, draws, given) } : fresh;
}

/** The same again, or with only its list, status or metadata changed. */
function copyOf(
  { id, collection, title, body, metadata, status, acl }: ModelDocument,
  fresh: DocumentWrite,
  draws: Draws,
): DocumentWrite {
  const same = { id, collection, title, body, metadata, status, ...(acl && { acl }) };
  const { acl: _, ...listless } = same;
  const change = { metadata: fresh.metadata, status: fresh.status, acl: fresh.acl };
  return draws.pick<() => DocumentWrite>([
    () => same,
    () => (change.acl ? { ...same, acl: change.acl } : listless),
    () => (change.metadata ? { ...same, metadata: change.metadata } : same),
  ])();
}

function anyKey(world: World, caller: Caller, draws: Draws, text: string): string {
  const foreign = othersOf(world, caller).flatMap((tenant) =>
    allOf(tenant).flatMap(({ externalId }) => externalId ?? []),
  );
  if (foreign.length > 0 && draws.chance(0.3)) return draws.pick(foreign);
  return draws.chance(0.1) ? text : `k${draws.below(40)}`;
}

/** Some metadata, of which some fits what collections declare. */
export function anyMetadata(draws: Draws, text: string, isBroken: boolean): Record<string, unknown> {
  return {
    ...(draws.chance(0.6) && { tag: draws.pick(['red', 'blue', text]) }),
    ...(draws.chance(0.6) && { floor: draws.chance(isBroken ? 0.2 : 0.02) ? 'third' : draws.below(5) }),
    ...(draws.chance(0.4) && { open: draws.chance(0.1) ? null : draws.chance(0.5) }),
  };
}

/** Some people and groups, mostly of those that there are. */
export function anyRule(world: World, draws: Draws, text: string): Partial<AccessRule> {
  const users = draws.some(world.subjects, 2);
  const groups = draws.some(world.groups, 2);
  if (draws.chance(0.1)) return { users: [...users, text], groups };
  return draws.chance(0.95) && users.length + groups.length === 0
    ? { users: [draws.pick(world.subjects)] }
    : { users, groups };
}
