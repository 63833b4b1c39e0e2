import { StartupError } from '../../errors.ts';
import type { TenantId } from '../../ids.ts';
import type { Language } from '../../language.ts';

/** What of a table a document is made of. Columns by their names as PostgreSQL has them, without quotes. */
export interface Mapping {
  /** The table as SQL names it, such as `public.articles` or `"Shop"."Articles"`. */
  readonly table: string;
  /** Whose every row is; otherwise the column says it. */
  readonly tenant?: TenantId;
  readonly tenantColumn?: string;
  readonly collection: string;
  /** Their values make the external id. */
  readonly key: readonly string[];
  readonly title?: string;
  readonly text: readonly string[];
  readonly metadata: readonly string[];
  readonly url?: string;
  readonly language?: Language;
}

/** A table that is to be attached, looked at and found fit. */
export interface Source extends Mapping {
  /** Schema and table, quoted where they must be: what the triggers, the outbox and the audit log call it. */
  readonly name: string;
  readonly tableSchema: string;
  readonly tableName: string;
  /** A unique key, in whose order rows are read. */
  readonly pageColumns: readonly string[];
  /** The partitions that hold its rows, quoted; none for a plain table. */
  readonly partitions: readonly string[];
}

/** A table that cannot be attached as it is, or is not attached. */
export class SourceError extends StartupError {}
