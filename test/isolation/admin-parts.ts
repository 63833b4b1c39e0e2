import type { Attribute, AttributeType } from '../../src/attribute.ts';
import { globalId } from '../support/look-alikes.ts';
import type { Draws } from './draws.ts';
import { isName, isStorable } from './hostile-text.ts';
import { allOf } from './model.ts';
import { noteAudit } from './model-audit.ts';
import { unfitValues } from './model-writes.ts';
import { fieldOf, type Part, show } from './part.ts';
import { absentId } from './pick-id.ts';
import { type Caller, othersOf, type World } from './world.ts';

/** Callers with an API key in a world, at most. */
const mostKeyCallers = 12;

/** Says what a collection declares, in each tenant something else. */
export function definePart(world: World, caller: Caller, draws: Draws, text: string): Part {
  const { tenant } = caller;
  const name = draws.chance(0.1) ? text : draws.pick(world.collections);
  const attributes: Attribute[] = [
    ...(draws.chance(0.5) ? [{ name: 'tag', type: 'text' as const }] : []),
    ...(draws.chance(0.6) ? [{ name: 'floor', type: draws.pick<AttributeType>(['number', 'text']) }] : []),
    ...(draws.chance(0.4) ? [{ name: 'open', type: 'boolean' as const }] : []),
  ];
  const isUsable = isStorable(name) && name.trim() !== '' && name.length <= 64;
  const documents = allOf(tenant).filter(({ collection }) => collection === name).length;
  const declared = attributes.map((one) => ({ name: one.name, type: one.type.toUpperCase() }));
  return {
    kind: 'define',
    scopes: ['documents:write'],
    writes: true,
    field:
      'defineCollection(input: $input) { ... on DefineCollectionPayload { unfitValues collection { name documents } } ... on Error { code message } }',
    variables: { input: ['DefineCollectionInput!', { name, attributes: declared }] },
    check: ({ value, codes }, report) => {
      const defined = fieldOf(value, 'collection');
      if (!isUsable || !defined) {
        if (isUsable || fieldOf(value, 'code') !== 'INVALID_COLLECTION')
          report('missing', `a definition got ${show(value)} ${show(codes)}`);
        return 0;
      }
      const got = { name: fieldOf(defined, 'name'), documents: fieldOf(defined, 'documents') };
      if (show(got) !== show({ name, documents })) report('other', `a definition is ${show(got)} of ${documents}`);
      // Deleted documents may count, too: until they are cleared away they can be restored.
      const unfit = unfitValues(tenant, allOf(tenant), name, attributes);
      const unfitOfDeleted = unfitValues(tenant, [...tenant.deleted.values()], name, attributes);
      const gotUnfit = Number(fieldOf(value, 'unfitValues'));
      if (!(gotUnfit >= unfit && gotUnfit <= unfit + unfitOfDeleted))
        report('other', `a definition has ${gotUnfit} unfit values, not ${unfit} to ${unfit + unfitOfDeleted}`);
      tenant.registered = true;
      tenant.collections.set(name, attributes);
      noteAudit(caller, { action: 'defineCollection', targetKind: 'collection', targetIds: [name] });
      return 1;
    },
  };
}

/** Makes an API key, with which somebody calls from then on. */
export function createKeyPart(world: World, caller: Caller, draws: Draws, text: string): Part {
  const { tenant } = caller;
  const subject = draws.chance(0.7) ? draws.pick(world.subjects) : text;
  const groups = [...new Set([...draws.some(world.groups, 3), ...(draws.chance(0.2) ? [text] : [])])];
  const scopes = draws.pick([
    ['search', 'documents:read'],
    ['search', 'documents:read', 'documents:write'],
    ['search'],
    ['operator'],
  ]);
  const name = `key of ${tenant.marker}`;
  const fault = !isName(subject) || !groups.every(isName) || scopes.includes('operator');
  const isForbidden = !fault && scopes.some((scope) => !caller.scopes.includes(scope));
  return {
    kind: 'createApiKey',
    scopes: ['tenant:admin'],
    writes: true,
    alone: true,
    field: 'createApiKey(input: $input) { key apiKey { id } }',
    variables: { input: ['CreateApiKeyInput!', { name, subject, groups, scopes }] },
    check: ({ value, codes }, report) => {
      const token = fieldOf(value, 'key');
      if (fault || isForbidden || typeof token !== 'string') {
        const expected = fault ? 'BAD_USER_INPUT' : isForbidden ? 'FORBIDDEN' : undefined;
        if (codes[0] !== expected) report('other', `a key for ${show(subject)} got ${show(codes)}, not ${expected}`);
        return 0;
      }
      const keyId = Buffer.from(String(fieldOf(value, 'apiKey', 'id')), 'base64')
        .toString()
        .slice('ApiKey:'.length);
      tenant.registered = true;
      tenant.keys.set(keyId, { id: keyId, name });
      world.owners.set(keyId, { tenant });
      noteAudit(caller, { action: 'createApiKey', targetKind: 'apiKey', targetIds: [keyId] });
      if (world.callers.filter((one) => one.keyId !== undefined).length < mostKeyCallers)
        world.callers.push({ tenant, subject, groups, scopes, token, keyId, isRevoked: false });
      return 1;
    },
  };
}

/** Takes a key back: one's own, another tenant's or nobody's. */
export function revokeKeyPart(world: World, caller: Caller, draws: Draws): Part {
  const own = [...caller.tenant.keys.keys()];
  const foreign = othersOf(world, caller).flatMap(({ keys }) => [...keys.keys()]);
  const from = draws.chance(0.3) ? own : foreign;
  const id = from.length > 0 ? draws.pick(from) : absentId(draws);
  const isOwn = caller.tenant.keys.has(id);
  return {
    kind: 'revokeApiKey',
    scopes: ['tenant:admin'],
    writes: true,
    field: 'revokeApiKey(id: $id) { id name }',
    variables: { id: ['ID!', globalId('ApiKey', id)] },
    check: ({ value }, report) => {
      if (isOwn !== (value !== null))
        report(value ? 'leak' : 'missing', `${caller.tenant.id} revoked ${id}: ${show(value)}`);
      if (isOwn) noteAudit(caller, { action: 'revokeApiKey', targetKind: 'apiKey', targetIds: [id] });
      for (const one of world.callers) if (isOwn && one.keyId === id) one.isRevoked = true;
      return 1;
    },
  };
}
