import type pg from 'pg';
import type { DriftKind } from '../../src/drift/drift.ts';
import type { TenantId } from '../../src/ids.ts';

/** Past every policy, key and trigger, as somebody at the server's console would. */
export async function harmPastPolicies(owner: Pick<pg.ClientBase, 'query'>, statement: string): Promise<void> {
  await owner.query(`set session_replication_role = replica; ${statement}; set session_replication_role = origin`);
}

/** A way to bring about each kind of drift, and how many rows it is then, in a tenant of 12 chunks with their vectors. */
export function driftFaults(tenant: TenantId): [kind: DriftKind, count: number, statement: string][] {
  const ofSome = (count: number, table = 'chunks') =>
    `(select id from tessera.${table} where tenant_id = '${tenant}' order by id limit ${count})`;
  return [
    [
      'undivided',
      2,
      `delete from tessera.chunks where tenant_id = '${tenant}' and document_id in ${ofSome(2, 'documents')};
     delete from tessera.embeddings where tenant_id = '${tenant}' and document_id in ${ofSome(2, 'documents')}`,
    ],
    [
      'outdated',
      5,
      `update tessera.documents set body = replace(body, 'lamp', 'lantern') where tenant_id = '${tenant}' and id in ${ofSome(5, 'documents')}`,
    ],
    [
      'mishashed',
      4,
      `update tessera.documents set content_hash = sha256('another') where tenant_id = '${tenant}' and id in ${ofSome(4, 'documents')}`,
    ],
    [
      'leftover',
      2,
      `insert into tessera.chunks (tenant_id, id, document_id, ordinal, context, text, start_offset, end_offset, language, content_hash)
     select tenant_id, gen_random_uuid(), gen_random_uuid(), ordinal, context, text, start_offset, end_offset, language, content_hash
     from tessera.chunks where tenant_id = '${tenant}' and id in ${ofSome(2)}`,
    ],
    ['missing', 3, `delete from tessera.embeddings where tenant_id = '${tenant}' and chunk_id in ${ofSome(3)}`],
    [
      'altered',
      2,
      `update tessera.chunks set text = text || ' Or is it?' where tenant_id = '${tenant}' and id in ${ofSome(2)}`,
    ],
    [
      'misplaced',
      4,
      `update tessera.embeddings set document_id = gen_random_uuid() where tenant_id = '${tenant}' and chunk_id in ${ofSome(4)}`,
    ],
    [
      'stray',
      1,
      `insert into tessera.embeddings (tenant_id, model_id, chunk_id, document_id, coarse, full_vector, dimensions)
     select tenant_id, model_id, gen_random_uuid(), document_id, coarse, full_vector, dimensions
     from tessera.embeddings where tenant_id = '${tenant}' limit 1`,
    ],
    [
      'malformed',
      2,
      `update tessera.embeddings set coarse = l2_normalize(subvector(full_vector, 201, 256))::halfvec(256)
     where tenant_id = '${tenant}' and chunk_id in ${ofSome(2)}`,
    ],
    [
      'foreign',
      7,
      `insert into tessera.models (name, dimensions) values ('another', 512);
     insert into tessera.embeddings (tenant_id, model_id, chunk_id, document_id, coarse, full_vector, dimensions)
     select tenant_id, (select id from tessera.models where name = 'another'), chunk_id, document_id, coarse, full_vector, dimensions
     from tessera.embeddings where tenant_id = '${tenant}' and chunk_id in ${ofSome(5)};
     insert into tessera.models (name, dimensions) values ('former', 512);
     insert into tessera.tenant_models (tenant_id, model_id, role, emptied_at)
     select '${tenant}', id, 'retired', now() from tessera.models where name = 'former';
     insert into tessera.embeddings (tenant_id, model_id, chunk_id, document_id, coarse, full_vector, dimensions)
     select tenant_id, (select id from tessera.models where name = 'former'), chunk_id, document_id, coarse, full_vector, dimensions
     from tessera.embeddings where tenant_id = '${tenant}' and model_id <> (select id from tessera.models where name = 'another')
       and chunk_id in ${ofSome(2)}`,
    ],
  ];
}
