import { sql } from 'kysely';
import type { DocumentId } from '../ids.ts';
import type { Language } from '../language.ts';

/** The columns of a `Document`, for any statement that reads `documents`. */
export const documentColumns = [
  sql.ref<DocumentId>('documents.id').as('id'),
  'documents.collection',
  'documents.external_id as externalId',
  'documents.title',
  'documents.url',
  'documents.metadata',
  'documents.status',
  sql<Language>`documents.language`.as('language'),
  'documents.version',
  'documents.created_at as createdAt',
  'documents.updated_at as updatedAt',
  'documents.expires_at as expiresAt',
] as const;
