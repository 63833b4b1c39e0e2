import { isDeepStrictEqual } from 'node:util';
import { globalId } from '../support/look-alikes.ts';
import { checkIds } from './document-nodes.ts';
import type { Draws } from './draws.ts';
import { fieldOf, type Part, show } from './part.ts';
import { type Caller, visible, type World } from './world.ts';

/** Who one is. */
function viewerPart({ tenant, subject, groups, scopes }: Caller): Part {
  return {
    kind: 'viewer',
    scopes: [],
    field: 'viewer { tenantId subject groups scopes }',
    variables: {},
    check: ({ value }, report) => {
      const expected = { tenantId: tenant.id, subject, groups: [...groups], scopes: [...scopes] };
      if (!isDeepStrictEqual({ ...(value as object) }, expected))
        report('other', `the viewer is ${show(value)}, not ${show(expected)}`);
      return 1;
    },
  };
}

/** What may be seen of a tenant, counted. */
function tenantPart(caller: Caller): Part {
  return {
    kind: 'tenant',
    scopes: ['documents:read'],
    field: 'tenant { id documents chunks pendingChunks unembeddableChunks }',
    variables: {},
    check: ({ value }, report) => {
      const documents = visible(caller).length;
      const pendingChunks = visible(caller).filter(({ duty }) => duty && !duty.isDead).length;
      const expected = { id: caller.tenant.id, documents, chunks: documents, pendingChunks, unembeddableChunks: 0 };
      if (isDeepStrictEqual({ ...(value as object) }, expected)) return 1;
      const isMore = Number(fieldOf(value, 'documents')) > documents || Number(fieldOf(value, 'chunks')) > documents;
      report(isMore ? 'leak' : 'missing', `the tenant counts ${show(value)}, not ${show(expected)}`);
      return 1;
    },
  };
}

/** The collections, each with what may be seen of it. */
function collectionsPart(caller: Caller): Part {
  return {
    kind: 'collections',
    scopes: ['documents:read'],
    field: 'collections { name documents attributes { name type } }',
    variables: {},
    check: ({ value }, report) => {
      const { collections } = caller.tenant;
      const names = new Set([...visible(caller).map(({ collection }) => collection), ...collections.keys()]);
      const got = (value ?? []) as { name: string; documents: number; attributes: { name: string; type: string }[] }[];
      checkIds(
        [...names],
        got.map(({ name }) => name),
        report,
      );
      for (const { name, documents, attributes } of got) {
        if (!names.has(name)) report('leak', `the collection ${show(name)} is not one of the caller's`);
        const count = visible(caller).filter(({ collection }) => collection === name).length;
        if (documents !== count)
          report(
            documents > count ? 'leak' : 'missing',
            `the collection ${show(name)} has ${documents} documents, not ${count}`,
          );
        const declared = (collections.get(name) ?? []).map((one) => `${one.name} ${one.type.toUpperCase()}`);
        const given = attributes.map((one) => `${one.name} ${one.type}`);
        if (!isDeepStrictEqual(given, declared))
          report('other', `the collection ${show(name)} declares ${given}, not ${declared}`);
      }
      return got.length;
    },
  };
}

/** The tenant's API keys. */
function keysPart(caller: Caller): Part {
  return {
    kind: 'apiKeys',
    scopes: ['tenant:admin'],
    field: 'apiKeys { id name subject groups scopes }',
    variables: {},
    check: ({ value }, report) => {
      const { keys } = caller.tenant;
      const got = (value ?? []) as { id: string; name: string }[];
      const expected = [...keys.keys()].map((id) => globalId('ApiKey', id));
      checkIds(
        expected,
        got.map(({ id }) => id),
        report,
      );
      for (const { id, name } of got)
        if (!expected.includes(id)) report('leak', `the key ${name} (${id}) is another tenant's`);
      return got.length;
    },
  };
}

/** The tenant's models: the one that it got with its first document. */
function modelsPart(caller: Caller, { gateway }: World): Part {
  const { name, dimensions } = gateway.deps.embedder.model;
  return {
    kind: 'models',
    scopes: ['documents:read'],
    field: 'models { name dimensions role tier }',
    variables: {},
    check: ({ value }, report) => {
      const expected = caller.tenant.hasModel ? [{ name, dimensions, role: 'ACTIVE', tier: 'EXACT' }] : [];
      if (show(value) !== show(expected)) report('other', `the models are ${show(value)}, not ${show(expected)}`);
      return expected.length;
    },
  };
}

/** Any of what is asked without arguments. */
export function factsPart(world: World, caller: Caller, draws: Draws): Part {
  const parts = [viewerPart, tenantPart, tenantPart, collectionsPart, collectionsPart, keysPart, modelsPart];
  return draws.pick(parts)(caller, world);
}
