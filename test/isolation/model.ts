import type { Attribute } from '../../src/attribute.ts';
import type { DocumentFilter } from '../../src/filter.ts';
import { type FilteredDocument, passes } from '../support/filter-oracle.ts';
import { isStorable } from './hostile-text.ts';

/** Who may see a document. */
export interface AccessRule {
  readonly users: readonly string[];
  readonly groups: readonly string[];
}

/** A document as the tenant's last write left it. */
export interface ModelDocument {
  readonly id: string;
  readonly collection: string;
  readonly externalId: string | null;
  readonly title: string;
  readonly body: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly status: string;
  /** Absent: the whole tenant sees it. */
  readonly acl: AccessRule | undefined;
  readonly version: number;
  /** Has no vectors of its text yet. */
  readonly pending: boolean;
  /** Its place in the queue: of its first vectors, or of new ones in place of those that it has. */
  readonly duty: Duty | undefined;
  /** Had vectors of an earlier text, which may stand in for those to come. */
  readonly hadVectors: boolean;
}

/** What is to be embedded, for which job. */
interface Duty {
  readonly jobId: string;
  /** The provider refused it for good. */
  readonly isDead: boolean;
}

interface ModelKey {
  readonly id: string;
  readonly name: string;
}

/** Work of a tenant. Whether any of it is left, its documents say. */
interface ModelJob {
  readonly id: string;
  readonly kind: 'WRITE' | 'REEMBED';
  total: number;
  /** What the worker did of it. */
  done: number;
}

/** A row of the audit log, as it is answered. */
export interface AuditRow {
  /** Bare; empty until it is learnt. */
  id: string;
  readonly action: string;
  readonly subject: string;
  readonly keyId: string | undefined;
  readonly byOperator: boolean;
  readonly targetKind: string;
  readonly targetIds: readonly string[];
}

/** A tenant as the model knows it. */
export interface ModelTenant {
  readonly id: string;
  /** A word that is in each of its documents and in nobody else's. */
  readonly marker: string;
  /** Something of it was stored. */
  registered: boolean;
  readonly documents: Map<string, ModelDocument>;
  /** What was declared, by collection. */
  readonly collections: Map<string, readonly Attribute[]>;
  readonly keys: Map<string, ModelKey>;
  /** Every access list that a document of it ever had, as {@link ruleText}. */
  readonly rules: Set<string>;
  /** Documents that can be restored, as they were last. */
  readonly deleted: Map<string, ModelDocument>;
  /** By id, oldest first. */
  readonly jobs: Map<string, ModelJob>;
  /** Oldest first. */
  readonly audit: AuditRow[];
  /** Some document of it was stored, with which it gets a model. */
  hasModel: boolean;
  /** Documents that it may have, as an operator set it. */
  documentLimit: number | undefined;
}

/** Who asks, as far as access lists care. */
export interface Person {
  readonly subject: string;
  readonly groups: readonly string[];
}

/** The rule of access lists: who is named, or is in a group that is named, to the letter. */
export function maySee({ subject, groups }: Person, acl: AccessRule | undefined): boolean {
  return acl === undefined || acl.users.includes(subject) || acl.groups.some((group) => groups.includes(group));
}

/** What somebody may see of a tenant, oldest first: all of that, and nothing else, is what every answer is held to. */
export function visibleTo(person: Person, tenant: ModelTenant): ModelDocument[] {
  return allOf(tenant).filter(({ acl }) => maySee(person, acl));
}

/** All documents of a tenant, oldest first: ids grow with time. */
export function allOf(tenant: ModelTenant): ModelDocument[] {
  return [...tenant.documents.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** Those of the documents that pass a filter. */
export function filtered(tenant: ModelTenant, documents: readonly ModelDocument[], filter: DocumentFilter) {
  return documents.filter((document) => passes(asFiltered(tenant, document), filter));
}

function asFiltered(tenant: ModelTenant, document: ModelDocument): FilteredDocument {
  const { externalId, collection, title, status, metadata } = document;
  return {
    // Absent for the oracle's conditions, whatever its type says.
    externalId: (externalId ?? undefined) as string,
    collection,
    title,
    status,
    metadata,
    declared: Object.fromEntries(attributesOf(tenant, document).map(({ name, type }) => [name, type])),
  };
}

/** Declared attributes of which a document has a value that fits. */
export function attributesOf(tenant: ModelTenant, { collection, metadata }: ModelDocument): Attribute[] {
  return (tenant.collections.get(collection) ?? []).filter(
    ({ name, type }) => metadata[name] !== undefined && metadata[name] !== null && fits(type, metadata[name]),
  );
}

/** Whether a value is of a declared type; the model knows no dates and no lists. */
export function fits(type: Attribute['type'], value: unknown): boolean {
  if (type === 'number' || type === 'boolean') return typeof value === type;
  return type === 'text' && typeof value === 'string' && isStorable(value);
}

/** Whether vectors of an earlier text may still be searched in place of those to come. */
export function isStandIn({ pending, hadVectors }: ModelDocument): boolean {
  return pending && hadVectors;
}

/** An access list with each name once, sorted: lists that permit the same are equal. */
export function ruleText({ users, groups }: AccessRule): string {
  return JSON.stringify([[...new Set(users)].sort(), [...new Set(groups)].sort()]);
}

/** The words of a document that the model puts there; of hostile text it knows none. */
export function wordsOf({ title, body }: ModelDocument): Set<string> {
  return new Set(`${title} ${body}`.split(' '));
}
