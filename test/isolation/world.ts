import type { TestGateway } from '../support/gateway.ts';
import type { Draws } from './draws.ts';
import { isName, isStorable } from './hostile-text.ts';
import { type AuditRow, type ModelDocument, type ModelTenant, type Person, visibleTo } from './model.ts';
import type { Subscription } from './subscription.ts';

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
interface GivenCursor {
  readonly list: 'documents' | 'search' | 'audit';
  readonly tenant: ModelTenant;
  /** What was asked for, without its page. */
  readonly asked: Record<string, unknown>;
  readonly cursor: string;
  /** Documents up to the cursor, those of the pages before included. */
  readonly seen: readonly string[];
}

/** Whose an id is. A passage has its document's. */
interface Ownership {
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
  /** Open ones. */
  readonly subscriptions: Subscription[];
  /** Bare ids of documents, passages, API keys, jobs and rows of the audit log. */
  readonly owners: Map<string, Ownership>;
  /** Passages of the documents as they are now, by id. */
  chunks: Map<string, string>;
  /** How often something was written that has a marker of its own. */
  writes: number;
}

const everything = ['search', 'documents:read', 'documents:write', 'tenant:admin'];
/** What people of a tenant hold, in turn. */
const scopeSets = [
  everything,
  ['search', 'documents:read'],
  everything,
  ['search', 'documents:read', 'documents:write'],
  ['search'],
  ['operator'],
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
    subscriptions: [],
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
    jobs: new Map(),
    audit: [],
    hasModel: false,
    documentLimit: undefined,
  };
}

/** What a caller may see of its tenant, oldest first. */
export function visible(caller: Caller): ModelDocument[] {
  return visibleTo(caller, caller.tenant);
}

export function othersOf(world: World, { tenant }: Caller): ModelTenant[] {
  return world.tenants.filter((one) => one !== tenant);
}

/** Learns which passages and which rows of the audit log there are, past every policy. */
export async function learnIds(world: World): Promise<void> {
  const { owner } = world.gateway.db;
  const tenantIds = world.tenants.map(({ id }) => id);
  const tenantOf = (id: string) => world.tenants.find((one) => one.id === id) as ModelTenant;
  const { rows } = await owner.query<{ id: string; document_id: string; tenant_id: string }>(
    'select id, document_id, tenant_id from chunks where tenant_id = any($1)',
    [tenantIds],
  );
  world.chunks = new Map(rows.map(({ id, document_id }) => [id, document_id]));
  for (const { id, document_id: documentId, tenant_id } of rows)
    world.owners.set(id, { tenant: tenantOf(tenant_id), documentId });
  const { rows: audit } = await owner.query<{ id: string; tenant_id: string }>(
    'select id, tenant_id from audit_log where tenant_id = any($1) and not id = any($2) order by id',
    [tenantIds, world.tenants.flatMap((tenant) => tenant.audit.map(({ id }) => id).filter(Boolean))],
  );
  for (const { id, tenant_id } of audit) {
    const row = tenantOf(tenant_id).audit.find((one) => one.id === '');
    if (!row) throw new Error(`The audit log of ${tenant_id} has a row ${id} that nobody foretold.`);
    row.id = id;
    world.owners.set(id, { tenant: tenantOf(tenant_id) });
  }
  const unwritten = world.tenants.flatMap(({ audit: rowsOf }) => rowsOf.filter(({ id }) => id === ''));
  if (unwritten.length > 0) throw new Error(`The audit log lacks ${JSON.stringify(unwritten satisfies AuditRow[])}.`);
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
