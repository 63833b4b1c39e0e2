import { schema } from '../../src/graphql/schema.ts';
import type { TestGateway } from '../support/gateway.ts';
import type { Draws } from './draws.ts';
import { isName, isStorable } from './hostile-text.ts';
import { type ModelDocument, type ModelTenant, type Person, visibleTo } from './model.ts';

/** Somebody with a token or an API key of a tenant. */
export interface Caller extends Person {
  readonly tenant: ModelTenant;
  readonly scopes: readonly string[];
  readonly token: string;
  /** Of the API key, where it is one. */
  readonly keyId?: string;
  isRevoked: boolean;
}

/** A cursor that some answer gave. */
export interface GivenCursor {
  readonly list: 'documents' | 'search';
  readonly tenant: ModelTenant;
  /** What was asked for, without its page. */
  readonly asked: Record<string, unknown>;
  readonly cursor: string;
  /** Documents up to the cursor, those of the pages before included. */
  readonly seen: readonly string[];
}

/** Whose an id is. A passage has its document's. */
export interface Ownership {
  readonly tenant: ModelTenant;
  readonly documentId?: string;
}

/** How the gateway differs from the model: it gave what it may not give, withheld what it should give, or is otherwise wrong. */
export type DifferenceKind = 'leak' | 'missing' | 'other';

export interface Difference {
  readonly kind: DifferenceKind;
  readonly message: string;
}

/** Some tenants with their people and documents, in the gateway and in the model. */
export interface World {
  readonly name: string;
  readonly gateway: TestGateway;
  readonly tenants: readonly ModelTenant[];
  readonly callers: Caller[];
  /** Names that people, groups, access lists and collections have, the same in every tenant. */
  readonly subjects: readonly string[];
  readonly groups: readonly string[];
  readonly collections: readonly string[];
  readonly cursors: GivenCursor[];
  /** Bare ids of documents, passages and API keys. */
  readonly owners: Map<string, Ownership>;
  /** Passages of the documents as they are now, by id. */
  chunks: Map<string, string>;
  /** How often something was written that has a marker of its own. */
  writes: number;
}

/** True where documents have access lists. */
export const hasAccessLists = schema.getType('AccessListInput') !== undefined;

const everything = ['search', 'documents:read', 'documents:write', 'tenant:admin'];
/** What people of a tenant hold, in turn. */
const scopeSets = [
  everything,
  ['search', 'documents:read'],
  everything,
  ['search', 'documents:read', 'documents:write'],
  ['search'],
];

/** Makes tenants that are alike in all but one letter, with people of the same names; nothing of them is stored yet. */
export async function createWorld(
  gateway: TestGateway,
  name: string,
  draws: Draws,
  hostile: readonly string[],
): Promise<World> {
  const names = [...new Set(hostile.filter(isName))];
  const subjects = [...new Set(['ann', 'bob', ...draws.some(names, 6)])];
  const groups = [...new Set(['ann', 'staff', 'g:staff', ...draws.some(names, 12)])];
  const collections = ['notes', 'Notes', ...names.filter((one) => one.length <= 64 && one.trim() !== '').slice(0, 2)];
  const tenants = [`${name}-a`, `${name}-A`, `${name}_a`].map((id, index) => createTenant(id, `tn${name}x${index}`));
  const callers: Caller[] = [];
  for (const tenant of tenants) {
    for (const [index, scopes] of scopeSets.entries()) {
      const person = { subject: subjects[index % subjects.length] as string, groups: draws.some(groups, 3) };
      const token = await gateway.tokenFor(tenant.id, scopes, person);
      callers.push({ ...person, tenant, scopes, token, isRevoked: false });
    }
  }
  return {
    name,
    gateway,
    tenants,
    callers,
    subjects,
    groups,
    collections,
    cursors: [],
    owners: new Map(),
    chunks: new Map(),
    writes: 0,
  };
}

function createTenant(id: string, marker: string): ModelTenant {
  return {
    id,
    marker,
    registered: false,
    documents: new Map(),
    collections: new Map(),
    keys: new Map(),
    rules: new Set(),
    deleted: new Map(),
  };
}

/** What a caller may see of its tenant, oldest first. */
export function visible(caller: Caller): ModelDocument[] {
  return visibleTo(caller, caller.tenant);
}

export function othersOf(world: World, { tenant }: Caller): ModelTenant[] {
  return world.tenants.filter((one) => one !== tenant);
}

/** Learns which passages there are, past every policy. */
export async function learnChunks(world: World): Promise<void> {
  const { rows } = await world.gateway.db.owner.query<{ id: string; document_id: string; tenant_id: string }>(
    'select id, document_id, tenant_id from chunks where tenant_id = any($1)',
    [world.tenants.map(({ id }) => id)],
  );
  world.chunks = new Map(rows.map(({ id, document_id }) => [id, document_id]));
  for (const { id, document_id: documentId, tenant_id } of rows) {
    const tenant = world.tenants.find((one) => one.id === tenant_id) as ModelTenant;
    world.owners.set(id, { tenant, documentId });
  }
}

/** A name out of the world, or any text that can be stored. */
export function anyText(world: World, caller: Caller, draws: Draws, text: string): string {
  const documents = draws.pick(draws.chance(0.7) ? [caller.tenant] : world.tenants).documents;
  const known = [...documents.values()].flatMap(({ externalId, title, status, metadata: { tag } }) => [
    title,
    status,
    ...(externalId === null ? [] : [externalId]),
    ...(typeof tag === 'string' ? [tag] : []),
  ]);
  const candidates = [
    ...world.collections,
    ...(isStorable(text) ? [text] : []),
    ...(known.length > 0 ? [draws.pick(known), draws.pick(known)] : []),
  ];
  return draws.pick(candidates);
}
