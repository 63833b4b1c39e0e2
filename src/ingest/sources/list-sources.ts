import type { OwnerConnection } from '../../db/migrate.ts';

/** An attached table and how far it is. */
export interface SourceState {
  readonly name: string;
  readonly collection: string;
  /** Whose rows they are; null where a column says it. */
  readonly tenant: string | null;
  /** Rows that were there before and are in the outbox or beyond. */
  readonly backfilled: number;
  readonly isBackfilled: boolean;
  /** False where its triggers are gone, so that nothing is noted. */
  readonly isFollowed: boolean;
  readonly waiting: number;
  readonly failed: number;
  /** Of the changes that wait or failed. */
  readonly lastChange: Date | null;
  /** The first hundred, by their keys. */
  readonly failures: readonly { readonly tenant: string | null; readonly key: string; readonly reason: string }[];
}

/** Every attached table by its name. */
export async function listSources(owner: OwnerConnection): Promise<SourceState[]> {
  const { rows } = await owner.query<SourceState>(`
    select s.name, s.collection, s.tenant, s.backfilled::float8 as backfilled, s.backfilled_at is not null as "isBackfilled",
      exists (select from pg_trigger t where t.tgfoid = 'tessera.note_source_change()'::regprocedure and t.tgenabled in ('O', 'A')
        and t.tgargs = convert_to(s.name, 'UTF8') || '\\x00'::bytea) as "isFollowed",
      (select count(*) from tessera.source_changes c where c.source = s.name and c.dead_at is null)::integer as waiting,
      ((select count(*) from tessera.source_changes c where c.source = s.name and c.dead_at is not null)
        + (select count(*) from tessera.source_faults f where f.source = s.name))::integer as failed,
      (select max(c.noted_at) from tessera.source_changes c where c.source = s.name) as "lastChange",
      coalesce((
        select json_agg(json_build_object('tenant', f.tenant_id, 'key', f.key, 'reason', f.reason)) from (
          select c.tenant_id, c.key, coalesce(c.reason, '') as reason from tessera.source_changes c
          where c.source = s.name and c.dead_at is not null
          union all
          select null, f.key, f.reason from tessera.source_faults f where f.source = s.name
          order by key limit 100) f
      ), '[]') as failures
    from tessera.sources s order by s.name`);
  return rows;
}

/** Has failed changes of a table tried again, as if they were new; faults without a snapshot are not among them. */
export async function retryFailures(owner: OwnerConnection, name: string): Promise<number> {
  const { rowCount } = await owner.query(
    `update tessera.source_changes set attempts = 0, available_at = now(), reason = null, dead_at = null
     where source = $1 and dead_at is not null`,
    [name],
  );
  await owner.query(`select pg_notify('tessera_work', '')`);
  return rowCount ?? 0;
}
