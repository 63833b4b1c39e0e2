import type { Database } from '../../db/database.ts';

/** Bytes that a server has written to its log so far, for whomever. */
export async function readLogPosition({ pool }: Pick<Database, 'pool'>): Promise<bigint> {
  const { rows } = await pool.query("select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::text as position");
  return BigInt(rows[0].position);
}
