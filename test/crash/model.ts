/** What was acknowledged of one document. */
export interface ModelDocument {
  readonly tenant: string;
  readonly collection: string;
  readonly externalId: string;
  /** As the gateway gave it. */
  id: string;
  version: number;
  title: string;
  body: string;
  metadata: Record<string, unknown>;
  /** `hidden` may be restored; `gone` is gone for good. */
  state: 'there' | 'hidden' | 'gone';
}

/** What the client has been told, which is what has to be in the database in the end. */
export interface Model {
  readonly documents: ModelDocument[];
  /** Mutations that were done and changed something, by tenant and name: each leaves one row in the audit log. */
  readonly audited: Map<string, number>;
  /** By global id of documents whose deletion was acknowledged and that nobody asked to have back: which deletion it was. */
  readonly deletions: Map<string, symbol>;
}

export function createModel(): Model {
  return { documents: [], audited: new Map(), deletions: new Map() };
}

export function noteAudited({ audited }: Model, tenant: string, action: string): void {
  const key = `${tenant} ${action}`;
  audited.set(key, (audited.get(key) ?? 0) + 1);
}
