import type { ScopeRole } from '../../src/db/scope.ts';
import {
  allOf,
  attributesOf,
  isStandIn,
  type ModelDocument,
  type ModelTenant,
  type Person,
  visibleTo,
  wordsOf,
} from './model.ts';
import type { World } from './world.ts';

/** Who reads, and what is theirs to see. */
interface RawReader {
  readonly world: World;
  readonly tenant: ModelTenant;
  readonly person: Person;
  readonly role: ScopeRole;
}

/** A statement without any tenant in it: only the scope and the policies say what it reads. */
export interface RawRead {
  readonly roles: readonly ScopeRole[];
  /** Gives texts as `name`. */
  readonly sql: string;
  readonly parameter?: string;
  /** Names of all rows, and of rows that may be there besides. */
  expected(reader: RawReader): { readonly must: readonly string[]; readonly may?: readonly string[] };
}

/** Roles that read what both search and documents:read open; those with one of them; and those with either, or that write. */
const documentRoles: readonly ScopeRole[] = ['tessera_reader', 'tessera_tenant'];
const listerRoles: readonly ScopeRole[] = [...documentRoles, 'tessera_lister'];
const searcherRoles: readonly ScopeRole[] = [...documentRoles, 'tessera_searcher'];
const anyRoles: readonly ScopeRole[] = [...documentRoles, 'tessera_searcher', 'tessera_lister', 'tessera_author'];

/** Only readers are held to access lists: whoever writes sees the whole tenant. */
function documentsFor({ tenant, person, role }: RawReader): ModelDocument[] {
  return role === 'tessera_tenant' || role === 'tessera_worker' ? allOf(tenant) : visibleTo(person, tenant);
}

/** Whoever writes sees deleted documents, to bring them back. */
function restorableFor({ tenant, role }: RawReader): ModelDocument[] {
  return role === 'tessera_tenant' ? [...tenant.deleted.values()] : [];
}

const textOf = ({ title, body }: ModelDocument) => `${title} ${body}`;
const idsOf = (documents: readonly ModelDocument[]) => documents.map(({ id }) => id);

/** Passages of the documents; those of deleted ones may be there until somebody clears them away. */
function chunksOf(reader: RawReader, documents: readonly ModelDocument[]) {
  const { world, tenant } = reader;
  const of = (some: Iterable<string>) => {
    const ids = new Set(some);
    return [...world.chunks].flatMap(([chunkId, documentId]) => (ids.has(documentId) ? [chunkId] : []));
  };
  return { must: of(idsOf(documents)), may: of(tenant.deleted.keys()) };
}

/** Tables and functions, each row by a name. */
export const rawReads: readonly RawRead[] = [
  {
    roles: anyRoles,
    sql: 'select id::text as name from documents',
    expected: (reader) => ({ must: idsOf(documentsFor(reader)), may: idsOf(restorableFor(reader)) }),
  },
  {
    roles: listerRoles,
    sql: `select title || ' ' || body as name from documents`,
    expected: (reader) => ({ must: documentsFor(reader).map(textOf), may: restorableFor(reader).map(textOf) }),
  },
  {
    roles: [...anyRoles, 'tessera_worker'],
    sql: 'select id::text as name from chunks',
    expected: (reader) => chunksOf(reader, documentsFor(reader)),
  },
  {
    roles: [...searcherRoles, 'tessera_worker'],
    sql: 'select document_id::text as name from embeddings',
    expected: (reader) => ({
      must: idsOf(documentsFor(reader).filter(({ pending }) => !pending)),
      may: [...idsOf(documentsFor(reader).filter(isStandIn)), ...reader.tenant.deleted.keys()],
    }),
  },
  {
    roles: [...listerRoles, 'tessera_searcher'],
    sql: `select document_id::text || ' ' || name as name from document_attributes`,
    expected: (reader) => {
      const of = (documents: Iterable<ModelDocument>) =>
        [...documents].flatMap((one) => attributesOf(reader.tenant, one).map(({ name }) => `${one.id} ${name}`));
      return { must: of(documentsFor(reader)), may: of(reader.tenant.deleted.values()) };
    },
  },
  {
    roles: anyRoles,
    sql: 'select chunk_id::text as name from embedding_jobs',
    expected: (reader) =>
      chunksOf(
        reader,
        documentsFor(reader).filter(({ duty }) => duty !== undefined),
      ),
  },
  {
    roles: listerRoles,
    sql: 'select name from collections',
    expected: ({ tenant }) => ({ must: [...tenant.collections.keys()] }),
  },
  {
    roles: documentRoles,
    sql: 'select id::text as name from jobs',
    expected: ({ tenant }) => ({ must: [...tenant.jobs.keys()] }),
  },
  {
    roles: ['tessera_admin'],
    sql: 'select id::text as name from audit_log',
    expected: ({ tenant }) => ({ must: tenant.audit.map(({ id }) => id) }),
  },
  {
    roles: ['tessera_admin'],
    sql: 'select id::text as name from api_keys',
    expected: ({ tenant }) => ({ must: [...tenant.keys.keys()] }),
  },
  {
    roles: [...anyRoles, 'tessera_caller', 'tessera_worker', 'tessera_admin'],
    sql: 'select id as name from tenants',
    expected: ({ tenant: { id, registered } }) => ({ must: registered ? [id] : [] }),
  },
  {
    roles: searcherRoles,
    sql: `select found::text as name from keyword_matches('english', '') found`,
    expected: (reader) => chunksOf(reader, visibleTo(reader.person, reader.tenant)),
  },
];

/** The function that looks past the policies, asked for a word; it is a reader's whoever calls it. */
export function keywordRead(word: string): RawRead {
  return {
    roles: searcherRoles,
    sql: `select found::text as name from keyword_matches('english', plainto_tsquery('english', $1)) found`,
    parameter: word,
    expected: (reader) =>
      chunksOf(
        reader,
        visibleTo(reader.person, reader.tenant).filter((document) => wordsOf(document).has(word)),
      ),
  };
}

/** The access lists themselves: those that name the reader, and for a writer all. */
export const accessListRead: RawRead = {
  roles: [...documentRoles, 'tessera_author'],
  sql: 'select json_build_array(users, groups)::text as name from audiences',
  expected: ({ tenant, role, person: { subject, groups } }) => ({
    must: [...tenant.rules].filter((rule) => {
      const [users = [], members = []] = JSON.parse(rule) as string[][];
      return role === 'tessera_tenant' || users.includes(subject) || members.some((group) => groups.includes(group));
    }),
  }),
};
