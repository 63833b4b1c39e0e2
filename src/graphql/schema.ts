import { lexicographicSortSchema, printSchema } from 'graphql';
import { builder } from './builder.ts';
import './collection.ts';
import './api-key.ts';
import './audit-log.ts';
import './dead-letter.ts';
import './deletion.ts';
import './document.ts';
import './error-types.ts';
import './explain-missing.ts';
import './ingest.ts';
import './job-progress.ts';
import './job.ts';
import './managed-tenant.ts';
import './model.ts';
import './patch.ts';
import './search.ts';
import './search-updates.ts';
import './tenant.ts';
import './tenant-deletion.ts';
import './tenant-limits.ts';

/** The one schema, the same for every tenant. */
export const schema = builder.toSchema();

/** The schema as SDL, the text of `schema.graphql`. */
export function printSortedSchema(): string {
  return `${printSchema(lexicographicSortSchema(schema))}\n`;
}
