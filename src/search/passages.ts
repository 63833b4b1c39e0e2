import { sql } from 'kysely';
import { sqlBuilder } from '../db/compile.ts';
import type { ChunkId, DocumentId, TenantId } from '../ids.ts';
import { exampleStages } from './example-stage.ts';
import { queryWords } from './query-words.ts';
import type { SearchPlan } from './search-plan.ts';

/** A piece of a document's body. */
export interface Passage {
  readonly id: ChunkId;
  readonly ordinal: number;
  readonly text: string;
  /** Title and headings above the passage. */
  readonly context: string;
  /** UTF-16 offsets in the document's body; end is exclusive. */
  readonly start: number;
  readonly end: number;
}

/** The best passages of each document, by meaning where the search looks for meaning and by words otherwise. */
export function passagesStatement(
  tenantId: TenantId,
  plan: SearchPlan,
  documentIds: readonly DocumentId[],
  limit: number,
) {
  const { semantic, keyword } = plan;
  // The nearest of its vectors, of which a passage has several while it is embedded anew; none yet comes last.
  const distance = semantic ? sql<number>`nearest.distance` : sql<number>`chunks.terms <#> q.terms`;
  const ranked = sqlBuilder
    .selectFrom('chunks')
    .$if(
      semantic !== undefined,
      (query) =>
        query.innerJoinLateral(
          sqlBuilder
            .selectFrom('embeddings')
            .select(sql<number | null>`min(embeddings.full_vector <#> ${semantic?.full}::vector)`.as('distance'))
            .where('embeddings.tenant_id', '=', tenantId)
            .where('embeddings.model_id', '=', semantic?.modelId as number)
            .where('embeddings.chunk_id', '=', sql.ref<string>('chunks.id'))
            .as('nearest'),
          (join) => join.onTrue(),
        ) as never,
    )
    .$if(
      semantic === undefined,
      (query) =>
        query.innerJoin(queryWords(keyword?.words ?? ''), (join) =>
          join.onRef('q.language', '=', 'chunks.language'),
        ) as never,
    )
    .select([
      sql.ref<ChunkId>('chunks.id').as('id'),
      sql.ref<DocumentId>('chunks.document_id').as('documentId'),
      'chunks.ordinal',
      'chunks.text',
      'chunks.context',
      'chunks.start_offset as start',
      'chunks.end_offset as end',
      sql<number>`row_number() over (partition by chunks.document_id order by ${distance}, chunks.ordinal)`.as('rank'),
    ])
    .where('chunks.tenant_id', '=', tenantId)
    .where('chunks.document_id', '=', sql<string>`any(${documentIds}::uuid[])`);
  // As in the search itself: the vector of a stored document is read where it is used.
  const [example] = semantic ? exampleStages(tenantId, semantic) : [];
  const db = example ? sqlBuilder.with('example', () => example[1] as never) : sqlBuilder;
  return (db as typeof sqlBuilder)
    .selectFrom(ranked.as('ranked'))
    .select(['id', 'documentId', 'ordinal', 'text', 'context', 'start', 'end'])
    .where('rank', '<=', limit)
    .orderBy('documentId')
    .orderBy('rank');
}
